"""CometD over long-polling and websocket: holds connects and writes answers; what messages mean is in ``bayeux``."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web

from .bayeux import CONNECT, DISCONNECT, Bayeux, Caller, Session
from .envelope import compact
from .faults import Fault, Faults, Gone, Kind
from .sign_in import HttpSession

Json = dict[str, Any]
Write = Callable[[web.Response], Awaitable[web.StreamResponse]]
Read = Callable[[str, set[str]], dict[Kind, Fault]]
BROWSER = "BAYEUX_BROWSER"


class BadRequest(Exception):
    """A body that is no list of messages."""


def parse(text: str) -> list[Json]:
    """The messages of a body or frame; raises BadRequest."""
    try:
        messages = json.loads(text)
    except ValueError:
        raise BadRequest from None
    messages = messages if isinstance(messages, list) else [messages]
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise BadRequest
    return messages


def names_of(messages: list[Json]) -> set[str]:
    """What faults call these messages: ``cometd`` and the last part of each meta channel."""
    return {"cometd"} | {str(one.get("channel", "")).removeprefix("/meta/") for one in messages}


class Notifications:
    """The endpoint with Bayeux code of its own. ``gws_node.NodeNotifications`` offers the same methods."""

    def __init__(self, bayeux: Bayeux, faults: Faults, *, websocket: bool = False):
        self.bayeux = bayeux
        self._faults = faults
        self._websocket = websocket

    async def start(self) -> None:
        """Ready at once."""

    async def stop(self) -> None:
        """Forget everybody."""
        self.forget(lambda caller: True)

    def deliver(self, user: str, channel: str, data: Json) -> None:
        """Send an event to the sessions of a user."""
        self.bayeux.deliver(user, channel, data)

    async def delivered(self, user: str, within: float = 2.0) -> None:
        """Wait until every session of the user was sent all that it is to get, or for so many seconds."""
        sessions = [one for one in self.bayeux.sessions.values() if one.caller.user == user and one.subscriptions]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await asyncio.gather(*(session.drained.wait() for session in sessions))

    def forget(self, which: Callable[[Caller], bool]) -> None:
        """End sessions without a word: their next message is answered 402."""
        for session in list(self.bayeux.sessions.values()):
            if which(session.caller):
                self.bayeux.end(session, "expired")

    async def post(
        self, request: web.Request, body: str, who: HttpSession, hits: dict[Kind, Fault], write: Write
    ) -> web.StreamResponse:
        """Answer a long-polling request through ``write``."""
        try:
            messages = parse(body)
        except BadRequest:
            return await write(web.Response(status=400, text="not a list of Bayeux messages"))
        browser = request.cookies.get(BROWSER)
        if any(one.get("channel") == "/meta/handshake" for one in messages) and browser is None:
            browser = secrets.token_hex(16)
        caller = Caller(who.user.name, who.id, browser, Kind.REFUSE in hits)
        if Kind.UNKNOWN_CLIENT in hits:
            self._forget_named(messages)
        replies, session, why = [], None, ""
        for message in messages:
            session, reply, hold = self.bayeux.answer(message, caller)
            if session and message.get("channel") == CONNECT:
                session.push = None
                why = await self._hold(session, hold if len(messages) == 1 else 0.0)
                if why == "superseded":
                    return await write(web.Response(status=500, reason="Duplicate connect"))
                reply |= verdict(why, reply)
            replies.append(reply)
        await self._faults.thawed()
        gone = request.transport is None or request.transport.is_closing()
        shaking = messages[0].get("channel") == "/meta/handshake"
        events = session.take() if session and not gone and not shaking and why != "expired" else []
        response = web.Response(text=compact(events + replies), content_type="application/json", charset="UTF-8")
        response.headers["Cache-Control"] = "no-store"
        if browser != request.cookies.get(BROWSER):
            response.headers.add("Set-Cookie", f"{BROWSER}={browser}; Path=/; HttpOnly")
        try:
            return await write(response)
        finally:
            if session and not session.queue:
                session.drained.set()

    async def _hold(self, session: Session, seconds: float) -> str:
        """Wait for something to say; why the wait ended."""
        session.deadline = None
        held = session.held = asyncio.get_running_loop().create_future()
        try:
            if session.queue or not seconds:
                return "event"
            try:
                async with asyncio.timeout(seconds):
                    return await held
            except TimeoutError:
                return "timeout"
        finally:
            if session.held is held:
                session.held = None
                self.bayeux.rest(session)

    def _forget_named(self, messages: list[Json]) -> None:
        for message in messages:
            if session := self.bayeux.sessions.get(str(message.get("clientId"))):
                self.bayeux.end(session, "expired")

    async def socket(self, request: web.Request, who: HttpSession, read: Read) -> web.StreamResponse:
        """Serve a websocket until it ends; ``read`` records each frame and says what goes wrong on it."""
        if not self._websocket:
            return web.Response(status=400, text="no websocket here")
        socket = web.WebSocketResponse(max_msg_size=65536)
        await socket.prepare(request)
        out: asyncio.Queue[tuple[Session | None, list[Json]]] = asyncio.Queue()
        caller = Caller(who.user.name, who.id, request.cookies.get(BROWSER))
        connects: dict[Session, asyncio.Task[None]] = {}
        bound: set[Session] = set()
        writer = asyncio.create_task(self._write(socket, out))
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    await socket.close(code=1003)
                    break
                try:
                    messages = parse(frame.data)
                except BadRequest:
                    await socket.close(code=1007)
                    break
                hits = read(frame.data, names_of(messages))
                if not await self._frame(request, messages, hits, caller, out, connects, bound):
                    break
        except Gone:
            pass
        finally:
            for task in [writer, *connects.values()]:
                task.cancel()
            await asyncio.gather(writer, *connects.values(), return_exceptions=True)
            for session in bound:
                session.push = None
                self.bayeux.rest(session)
        return socket

    async def _frame(self, request, messages, hits, caller, out, connects, bound) -> bool:
        """Answer one frame; false where the socket is to end."""
        await self._faults.thawed()
        if delay := hits.get(Kind.DELAY):
            await self._faults.sleep(delay.value)
        if Kind.SILENT in hits:
            return True
        if Kind.RESET_BEFORE in hits:
            request.transport.abort()
            return False
        if Kind.UNKNOWN_CLIENT in hits:
            self._forget_named(messages)
        caller = Caller(caller.user, caller.http_session, caller.browser, Kind.REFUSE in hits)
        for message in messages:
            session, reply, hold = self.bayeux.answer(message, caller)
            if session and message.get("channel") != DISCONNECT:
                bound.add(session)
                session.push = lambda events, session=session: out.put_nowait((session, events))
                if session.queue:
                    session.push(session.take())
            if session and message.get("channel") == CONNECT:
                before = connects.get(session)
                connects[session] = asyncio.create_task(self._held_reply(session, reply, hold, out, before))
            elif message.get("channel") == DISCONNECT and session:
                if session in connects:
                    await connects[session]
                out.put_nowait((None, [reply]))
            else:
                out.put_nowait((session, [reply]))
        return True

    async def _held_reply(self, session, reply, seconds, out, before) -> None:
        if before:
            await asyncio.gather(before, return_exceptions=True)
        why = await self._hold(session, seconds)
        if why != "superseded":
            out.put_nowait((session, [reply | verdict(why, reply)]))

    async def _write(
        self, socket: web.WebSocketResponse, out: asyncio.Queue[tuple[Session | None, list[Json]]]
    ) -> None:
        while True:
            session, messages = await out.get()
            await self._faults.thawed()
            await socket.send_str(compact(messages))
            if session and out.empty():
                session.drained.set()


def verdict(why: str, reply: Json) -> Json:
    """What the end of a wait makes of the connect's reply."""
    match why:
        case "ended":
            return {"advice": {"reconnect": "none", "interval": 0}}
        case "expired":
            unknown = {"successful": False, "error": "402::Unknown client"}
            return unknown | {"advice": {"reconnect": "handshake", "interval": 0}}
        case _:
            return {}
