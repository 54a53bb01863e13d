"""Calls as a person in a terminal wants to see them: one line per change, or a table of what is going on; pure."""

import json
from collections.abc import Iterable

from google.protobuf.json_format import MessageToDict
from rich.table import Table
from rich.text import Text

from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_HELD,
    CALL_STATE_RELEASED,
    CALL_STATE_RINGING,
    Call,
    CallState,
    ReleaseCause,
)
from dialbridge.v1.status_change_pb2 import NotificationType, StatusChange

KEEP_RELEASED = 8.0
"""Seconds that a call which is over stays on the board."""

_STYLES = {
    CALL_STATE_DIALING: "yellow",
    CALL_STATE_RINGING: "magenta",
    CALL_STATE_ESTABLISHED: "green",
    CALL_STATE_HELD: "cyan",
    CALL_STATE_RELEASED: "dim",
}


def state_of(call: Call) -> str:
    """The state in a word."""
    return call.upstream_state or CallState.Name(call.state).removeprefix("CALL_STATE_").capitalize()


def cause_of(call: Call) -> str:
    """Why the call was released, in words; empty for one that lives."""
    if call.state != CALL_STATE_RELEASED:
        return ""
    return (
        call.upstream_cause
        or ReleaseCause.Name(call.release_cause).removeprefix("RELEASE_CAUSE_").replace("_", " ").lower()
    )


def one_line(change: StatusChange) -> str:
    """A change for a person."""
    call = change.call
    kind = NotificationType.Name(change.notification_type).removeprefix("NOTIFICATION_TYPE_")
    what = state_of(call) if kind == "STATUS_CHANGE" else kind.replace("_", " ").lower()
    seconds = call.duration.ToMilliseconds() / 1000
    cause = f" ({cause_of(call)})" if cause_of(call) else ""
    return f"{change.event_time.ToJsonString()} {call.device_number} -> {call.dnis} {what}{cause} after {seconds:.1f} s"


def json_line(change: StatusChange) -> str:
    """A change for a program: the contract's JSON form on one line."""
    return json.dumps(MessageToDict(change), separators=(",", ":"), ensure_ascii=False)


class Board:
    """The calls that are going on, and for a moment those that just ended."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], tuple[Call, float]] = {}  # with the time at which each was told
        self.status = "connecting"
        """How the connection is, in words."""

    def replace(self, calls: Iterable[Call], now: float) -> None:
        """These are all."""
        self._calls = {(call.id, call.device_id): (call, now) for call in calls}

    def change(self, call: Call, now: float) -> None:
        """One changed."""
        self._calls[call.id, call.device_id] = (call, now)

    def table(self, now: float) -> Table:
        """What to show."""
        self._calls = {
            key: (call, told)
            for key, (call, told) in self._calls.items()
            if call.state != CALL_STATE_RELEASED or now - told < KEEP_RELEASED
        }
        table = Table(title=f"dialbridge: {len(self._calls)} calls, {self.status}", expand=True)
        for column in ("state", "seconds", "agent", "device", "other party", "campaign", "cause", "call"):
            table.add_column(column, no_wrap=True)
        for call, told in self._calls.values():
            ticking = 0.0 if call.state == CALL_STATE_RELEASED else now - told
            table.add_row(
                Text(state_of(call), style=_STYLES.get(call.state, "")),
                f"{call.duration.ToMilliseconds() / 1000 + ticking:.0f}",
                call.user_name,
                call.device_number,
                ", ".join(party.formatted_phone_number for party in call.participants),
                call.campaign_name,
                cause_of(call),
                call.id,
            )
        return table
