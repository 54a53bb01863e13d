"""The fake as a whole: puts the parts together, starts and stops them; tests hold it. It has no protocol of its own."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from aiohttp import web

from .bayeux import Bayeux
from .calls import Call, Party
from .directory import DEMO_USERS, Device, Directory, User
from .edge import Edge, Request, reset
from .event_stream import EventStream
from .faults import Faults
from .notifications import Notifications
from .number_plan import PLAN, Behaviour
from .operations import Operations
from .resources import Resources
from .shapes import Renderer, shape_of
from .sign_in import HttpSession, SignIn
from .switch import Switch

Json = dict[str, Any]
CALLS, DEVICES = "/v2/me/calls", "/v2/me/devices"


class FakeGws:
    """A Genesys Web Services server for tests; see the package for what it does and for its faults.

    ``port`` 0 takes a free one. ``generation`` is "hybrid" (the documented preview dial), "strings" or "objects";
    ``extensions``, ``metrics`` and ``monitoring`` change single members of it. ``public_url`` (ends in /api/v2) is what
    URIs in resources begin with. ``speed`` divides the delays of the number plan, ``manual`` leaves them to the test.
    ``timeout`` and ``max_interval`` are CometD's, in seconds. Events follow the answer of their request ``event_lag``
    seconds later. ``notifications`` replaces the CometD part (``gws_node.NodeNotifications()``).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        users: tuple[User, ...] = DEMO_USERS,
        generation: str = "hybrid",
        extensions: bool | None = None,
        metrics: bool | None = None,
        monitoring: bool | None = None,
        csrf: bool = False,
        websocket: bool = False,
        public_url: str | None = None,
        plan: Mapping[str, Behaviour] = PLAN,
        speed: float = 1.0,
        manual: bool = False,
        timeout: float = 30.0,
        max_interval: float = 10.0,
        event_lag: float = 0.02,
        faults: Iterable[str] = (),
        notifications: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.host, self.port = host, port
        self.public_url = public_url
        self.faults = Faults(faults)
        shape = shape_of(generation, extensions=extensions, metrics=metrics, monitoring=monitoring)
        self.directory = Directory(users)
        self.bayeux = Bayeux(timeout=timeout, max_interval=max_interval, websocket=websocket)
        self.notifications = notifications or Notifications(self.bayeux, self.faults, websocket=websocket)
        self._renderer = Renderer(shape, lambda: self.public_url or self.api_url, clock)
        self._events = EventStream(self.faults, self.notifications.deliver)
        self._sign_in = SignIn(self.directory, csrf=csrf)
        self._switch = Switch(
            self.directory, plan, speed=speed, manual=manual, clock=clock, tell=self._tell, refuse=self._refuse
        )
        self._operations = Operations(self._switch, self._device_changed, self._renderer.call_id)
        resources = Resources(self._renderer, self._switch, self._operations)
        self._edge = Edge(
            self._sign_in,
            self.faults,
            self._events,
            self._operations,
            resources,
            self.notifications,
            event_lag=event_lag,
            signed_out=self._signed_out,
        )
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    # -- life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        self._switch.close()

    async def start(self) -> None:
        """Listen; a port that was free stays the same after ``stop``."""
        self.faults.open()
        await self.notifications.start()
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/api/v2/{path:.*}", self._edge.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Vanish: every connection is reset, HTTP, CometD and contact-centre sessions are forgotten; calls go on."""
        if self._runner is None or self._site is None or self._runner.server is None:
            return
        await self._site.stop()
        for connection in list(self._runner.server.connections):
            if connection.transport:
                reset(connection.transport)
        self.faults.close()
        self._events.close()
        self._sign_in.expire()
        self._operations.agent_states.clear()
        self._switch.registered.clear()
        await self.notifications.stop()
        await self._runner.cleanup()
        self._runner = self._site = None

    async def restart(self, downtime: float = 0.0) -> None:
        """``stop``, be away for so many seconds, ``start`` on the same port."""
        await self.stop()
        await asyncio.sleep(downtime)
        await self.start()

    @property
    def url(self) -> str:
        """``http://host:port``."""
        return f"http://{self.host}:{self.port}"

    @property
    def api_url(self) -> str:
        """The URL that resources are below."""
        return f"{self.url}/api/v2"

    @property
    def notifications_url(self) -> str:
        """The CometD endpoint."""
        return f"{self.api_url}/notifications"

    # -- what was done

    @property
    def requests(self) -> list[Request]:
        """Every request that was read, in order, answered or not."""
        return self._edge.requests

    @property
    def calls(self) -> list[Call]:
        """Every call that was ever placed, in order."""
        return self._switch.calls

    def operations(self, name: str) -> list[Request]:
        """The requests for one operation, or of one Bayeux channel (``connect``)."""
        return [one for one in self.requests if name in (one.operation or "").split(",")]

    def calls_to(self, number: str) -> list[Call]:
        """The calls that were placed to a number."""
        return [call for call in self.calls if call.dialled == number]

    def rings(self, number: str) -> int:
        """How often this number really rang."""
        return sum(call.rang for call in self.calls_to(number))

    async def until(self, condition: Callable[[], Any], within: float = 5.0) -> Any:
        """Wait until the condition holds; what it gave. TimeoutError after so many seconds."""
        async with asyncio.timeout(within):
            while not (found := condition()):
                await asyncio.sleep(0.005)
        return found

    # -- what the test makes happen

    def next_call_ids(self, call_uuid: str, conn_id: str) -> None:
        """The ids of the next call (after those that were set before)."""
        self._switch.next_ids.append((call_uuid, conn_id))

    def answer(self, call: Call) -> None:
        """The called party answers."""
        self._switch.answer(call)

    def release(self, call: Call) -> None:
        """The far end hangs up (busy, no answer and a hang-up look the same); does nothing to a released call."""
        if not call.released:
            far = next((party for party in call.parties if party.here and party.device is None), None)
            self._switch.end(call, first=far)

    def call_in(self, user: str, from_number: str, user_data: Json | None = None) -> Call:
        """A call from outside rings at a user's device."""
        return self._switch.call_in(self.directory.users[user].device, from_number, user_data or {})

    def set_user_data(self, call: Call, user_data: Json) -> None:
        """Somebody else changes the data of a call."""
        call.user_data = dict(user_data)
        self._switch.data_changed(call)

    def emit(self, user: str, channel: str, data: Json) -> None:
        """Send any ``data`` to a user's CometD sessions, through the faults of events."""
        self._events.emit(user, channel, data)

    def sign_in(self, user: str) -> None:
        """As if the user had started a contact-centre session (voice) elsewhere."""
        one = self.directory.users[user]
        self._operations.on_me(one, {"operationName": "StartContactCenterSession", "channels": ["voice"]})

    def log_out(self, user: str) -> None:
        """The contact-centre session of a user ends; HTTP and CometD sessions stay."""
        self._operations.log_out(self.directory.users[user])

    def change_password(self, user: str, password: str, *, keep_sessions: bool = False) -> None:
        """The old password is refused from now on; HTTP sessions end unless kept."""
        self._sign_in.passwords[user] = password
        if not keep_sessions:
            self.expire_http_sessions(user)

    def expire_http_sessions(self, user: str | None = None) -> None:
        """End HTTP sessions (of a user, or all), and the CometD sessions with them."""
        for session in self._sign_in.expire(user):
            self._signed_out(session)

    def forget_cometd(self, user: str | None = None) -> None:
        """End CometD sessions: the held connect, or the next message, is answered 402."""
        self.notifications.forget(lambda caller: user in (None, caller.user))

    def freeze(self) -> None:
        """Half-open: connections are accepted, nothing is answered and no event is sent, until ``thaw``."""
        self.faults.freeze()

    def thaw(self) -> None:
        """End of ``freeze``: what waited is answered."""
        self.faults.thaw()

    def cut(self) -> None:
        """Reset every open connection; everything is remembered."""
        if self._runner and self._runner.server:
            for connection in list(self._runner.server.connections):
                if connection.transport:
                    reset(connection.transport)

    # -- inside

    def _tell(self, call: Call, party: Party, notification: str, extensions: bool) -> None:
        if party.device and (user := self.directory.owner(party.device.id)):
            data = self._renderer.call_message(call, party, notification, extensions=extensions)
            self._events.emit(user.name, CALLS, data)

    def _refuse(self, device: Device, text: str, code: int, call: Call | None) -> None:
        if user := self.directory.owner(device.id):
            party = call.party(device) if call else None
            resource = self._renderer.call(call, party) if call and party else None
            self._events.emit(user.name, CALLS, self._renderer.error_message(device, text, code, resource))

    def _device_changed(self, user: User) -> None:
        state = self._operations.agent_states.get(user.name)
        self._events.emit(user.name, DEVICES, self._renderer.device_message(user.device, state))

    def _signed_out(self, session: HttpSession) -> None:
        self._sign_in.sessions.pop(session.id, None)
        self.notifications.forget(lambda caller: caller.http_session == session.id)
