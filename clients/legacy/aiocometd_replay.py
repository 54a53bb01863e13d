"""The replay extension for aiocometd: a client that comes back goes on after the last event that it saw."""

from aiocometd.extensions import Extension


class Replay(Extension):
    """Give it to ``aiocometd.Client(extensions=[...])``; keep ``ids`` to go on after a restart of the program.

    A channel that is not in ``ids`` begins with new events only; -2 begins with the oldest that are retained.
    """

    def __init__(self, ids=None):
        self.ids = dict(ids or {})

    async def outgoing(self, payload, headers):
        for message in payload:
            if message["channel"] == "/meta/handshake":
                message.setdefault("ext", {})["replay"] = True
            elif message["channel"] == "/meta/subscribe":
                channel = message["subscription"]
                message.setdefault("ext", {})["replay"] = {channel: self.ids.get(channel, -1)}

    async def incoming(self, payload, headers=None):
        for message in payload:
            replay_id = message.get("data", {}).get("event", {}).get("replayId")
            if replay_id is not None:
                self.ids[message["channel"]] = replay_id
