"""A Genesys Web Services v2 server for tests, written from the documented API alone; shares no code with dialbridge.

    async with FakeGws() as gws:
        ...  # gws.url, gws.api_url, gws.notifications_url; users agent1, agent2, agent3, password demo
        gws.faults.add("Dial", "reset-after")
        assert gws.rings("5001") == 1

By hand: ``python -m tests.fakes.gws --port 8090``.

The numbers: 5001 rings 1 s and answers, 5002 is busy, 5003 rings 20 s and gives up, 5004 answers after 1 s and hangs
up 3 s later, 5099 is refused (ErrorMessage, no call), 5098 is Dialing, then ErrorMessage and Released, 5005-5007 are
the agents' own devices (they ring where the agent has a session, and ring for ever where not), all others answer
after 2 s. ``speed=100`` divides these times; with ``manual=True`` nothing happens but by ``gws.answer(call)``,
``gws.release(call)``.

Faults: ``gws.faults.add(on, kind, value, times=1, skip=0)`` or as text ``<on>:<kind>[=<value>][*<times>][@<skip>]``
(``**``: every time), in ``FakeGws(faults=[...])`` and ``--fault``. Faults of different kinds on the same request or
event add up.

``on`` of a request: an operation (``Dial``, ``Hangup`` ...), a Bayeux channel (``handshake``, ``connect``,
``subscribe``, ``disconnect``; ``cometd`` for any; ``websocket`` for the upgrade), a path (``/me``, ``/me/calls``), a
method, or ``*``.

    delay=s             wait, then process
    late-answer=s       process, let the events go, wait, then answer
    event-first         process, answer only once the events were sent
    event-never         process and answer; the events of this request are lost
    reset-before        connection reset, nothing processed
    reset-after         processed, then connection reset instead of an answer
    cut-answer          processed, half of the answer's body, end of connection
    silent              never processed, never answered (until the server stops)
    silent-after        processed, never answered
    status=503          an HTML page with this status, nothing processed
    not-json            processed, answered with an HTML page
    error=4             the envelope with this statusCode, nothing processed
    expire-session      the HTTP session of this request is gone first (403, code 20, unless it has Basic)
    refuse              handshake: 403::Handshake denied, advice none
    unknown-client      CometD: the session is forgotten first, hence 402

On websocket frames: delay, silent, reset-before, unknown-client, refuse.

``on`` of an event: ``event``, ``event:<call state>``, ``event:<notificationType>``, ``event:<messageType>``.

    drop, duplicate     not sent; sent twice
    swap                sent after the next event of the user
    hold-back=s         sent so much later, overtaken by all that follows
    unknown-state, unknown-notification, unknown-message, unknown-capability, extra-members
                        values and members that no document knows

At once: ``gws.freeze()``/``thaw()`` (half-open), ``gws.cut()`` (all connections), ``await gws.restart(downtime)``
(forgets all sessions, keeps the calls), ``await gws.stop()``/``start()``, ``gws.forget_cometd(user)``,
``gws.expire_http_sessions(user)``, ``gws.change_password(user, new)``, ``gws.log_out(user)``,
``gws.set_user_data(call, data)``, ``gws.call_in(user, number)``, ``gws.emit(user, channel, data)``.
"""

from .calls import Call, Party, State
from .directory import DEMO_USERS, Device, User
from .edge import Request
from .fake import FakeGws
from .faults import Fault, Kind, parse_fault
from .number_plan import Behaviour, Outcome

__all__ = [
    "DEMO_USERS",
    "Behaviour",
    "Call",
    "Device",
    "FakeGws",
    "Fault",
    "Kind",
    "Outcome",
    "Party",
    "Request",
    "State",
    "User",
    "parse_fault",
]
