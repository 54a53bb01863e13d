"""What every legacy request passes: who it is from, CSRF and CORS, the envelope of errors, the access log."""

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc
import structlog
from aiohttp import web

from bridge import tracing
from bridge.envelope import (
    BODY_WITHIN,
    MAX_BODY,
    SUCCESS,
    LegacyError,
    csrf_token_missing,
    defect,
    legacy_error,
    method_not_allowed,
    not_found,
    too_large,
    too_late,
)
from bridge.facade import Facade, Metadata, Unary
from bridge.legacy import patience
from bridge.legacy.answers import PLAIN, SERVER, Answer, Form
from bridge.legacy.cookies import cookie_of
from bridge.legacy.http_sessions import HttpSession, HttpSessions, SignedIn
from bridge.legacy.metrics import BridgeMetrics, route_of
from bridge.settings import API_PATH, BridgeSettings
from bridge.strict_json import dumps
from dialbridge.v1.user_pb2 import ROLE_SERVICE, ROLE_SUPERVISOR
from dialbridge.v1.user_service_pb2 import SignInRequest

COOKIE = "JSESSIONID"
COMETD_PATH = f"{API_PATH}/notifications"
_SEE_ALL = frozenset({ROLE_SUPERVISOR, ROLE_SERVICE})

ANSWER_WITHIN = 35.0
"""Seconds that the facade has to answer; a little more than it gives a switch."""

CSRF_NAME = "X-CSRF-TOKEN"
CSRF_NAME_OF_NAME = "X-CSRF-HEADER"

_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_YES = Form(_JSON)
_UNSAFE = frozenset({"POST", "PUT", "DELETE"})
_PREFLIGHT_SECONDS = "600"

_Message = TypeVar("_Message")
_Response = TypeVar("_Response")

SESSION = web.RequestKey("session", HttpSession)
NEW_SESSION = web.RequestKey("new_session", bool)
ENDLESS = web.RequestKey("endless", bool)
"""Set by a handler whose answer is a stream, so that its length is not taken for slowness."""

log = structlog.get_logger()


def json_response(body: bytes, http_status: int = 200) -> web.Response:
    """An answer whose JSON is ready."""
    return web.Response(body=body, status=http_status, headers=_JSON)


def success(**members: object) -> Answer:
    """An answer that says yes, with what was asked for. GWS reference, Return Values."""
    return Answer(_YES, dumps({"statusCode": 0, **members}) if members else SUCCESS)


def error_response(error: LegacyError) -> web.Response:
    """An answer that says no."""
    response = json_response(error.body, error.http_status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def body_of(request: web.Request) -> bytes:
    """The whole body. Raises `LegacyError` when it is too large or does not come."""
    if (request.content_length or 0) > MAX_BODY:
        raise too_large()
    try:
        body = await patience.body_of(request, BODY_WITHIN)
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    except TimeoutError:
        raise too_late() from None
    if len(body) > MAX_BODY:  # it did not say how long it would be
        raise too_large()
    return body


def sign_in_at(facade: Facade) -> Callable[[str], Awaitable[SignedIn]]:
    """Signing in with an Authorization header at a facade, which alone judges credentials."""

    async def sign_in(authorization: str) -> SignedIn:
        answer = await facade.users.SignIn(
            SignInRequest(), timeout=ANSWER_WITHIN, metadata=(("authorization", authorization),)
        )
        return SignedIn(
            answer.user.user_name,
            answer.access_token,
            answer.expire_time.seconds + answer.expire_time.nanos / 1e9,
            sees_all=not _SEE_ALL.isdisjoint(answer.user.roles),
        )

    return sign_in


class FrontDoor:
    """The one middleware of the application, and how its handlers learn who asks and ask the facade."""

    def __init__(self, sessions: HttpSessions, settings: BridgeSettings, metrics: BridgeMetrics) -> None:
        self._sessions = sessions
        self._metrics = metrics
        self._settings = settings

    def stand_before(self, app: web.Application) -> None:
        """Take every request of ``app``."""
        app.middlewares.append(self._pass)
        app.on_response_prepare.append(self._before_headers)

    async def authenticate(self, request: web.Request) -> HttpSession:
        """The session of the request, until the request is done. Raises `LegacyError` or what signing in raises."""
        if SESSION in request:  # under way once, however often this is asked
            return request[SESSION]
        session, new = await self._sessions.admit(
            cookie_of(request.headers.get("Cookie", ""), COOKIE), request.headers.get("Authorization")
        )
        request[SESSION] = session
        request[NEW_SESSION] = new
        if not (new or self._settings.csrf or self._settings.allowed_origins):
            request[PLAIN] = True
        if self._settings.csrf and request.method in _UNSAFE:
            given = request.headers.get(CSRF_NAME, "")
            if new or not secrets.compare_digest(given.encode("utf-8", "surrogateescape"), session.csrf_token.encode()):
                raise csrf_token_missing()
        return session

    async def ask(self, request: web.Request, method: Unary[_Message, _Response], message: _Message) -> _Response:
        """Ask the facade as the caller. Raises ``grpc.aio.AioRpcError`` or `LegacyError`.

        A token that the facade no longer takes is renewed once, where the request has credentials; nothing can have
        happened before.
        """
        session = request[SESSION]
        try:
            return await method(message, timeout=ANSWER_WITHIN, metadata=_metadata_of(session))
        except grpc.aio.AioRpcError as e:
            if e.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise
        await self._sessions.renew(session, request.headers.get("Authorization"))
        return await method(message, timeout=ANSWER_WITHIN, metadata=_metadata_of(session))

    def answer_to(self, error: grpc.aio.AioRpcError) -> LegacyError:
        """The legacy answer to a facade's error; see `bridge.envelope.legacy_error`."""
        return legacy_error(error, None)

    def answer_to_dial(self, error: grpc.aio.AioRpcError, *, repeatable: bool) -> LegacyError:
        """The same for an error that a Dial ended with."""
        return legacy_error(error, self._settings.missing_outbound_feature, repeatable=repeatable)

    @web.middleware
    async def _pass(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        began = time.perf_counter()
        status = 499  # what stays when the client goes away before the answer
        try:
            if request.path.startswith(COMETD_PATH):
                response = await self._answered(request, handler)
            else:
                with tracing.request(request.method, route_of(request), request.headers):
                    response = await self._answered(request, handler)
            status = response.status
        except web.HTTPException as answer:  # made by a handler that has its own form of answers
            status = answer.status
            raise
        else:
            return response
        finally:
            session = request.get(SESSION)
            if session is not None:
                self._sessions.left(session)
            # Long-polling makes a line for every message: only who asks for details wants them.
            is_cometd = request.path.startswith(COMETD_PATH)
            seconds = time.perf_counter() - began
            if not is_cometd and not request.get(ENDLESS):
                self._metrics.answered(request, status, seconds)
            write = log.debug if is_cometd else log.info
            write(
                "request",
                method=request.method,
                path=request.path,
                status=status,
                ms=round(seconds * 1000, 1),
                user=session.identity.user_name if session is not None else None,
            )

    async def _answered(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.method == "OPTIONS" and self._origin(request) and not request.path.startswith(COMETD_PATH):
            return _preflight()
        try:
            return await handler(request)
        except LegacyError as e:
            return error_response(e)
        except grpc.aio.AioRpcError as e:
            return error_response(self.answer_to(e))
        except web.HTTPException as e:
            return _enveloped(e)
        except (ConnectionError, web.RequestPayloadError):
            raise  # the client went away; aiohttp knows what to do
        except Exception as e:  # noqa: BLE001  the last resort, logged with its traceback
            return _defect(e, request)

    async def _before_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers["Server"] = SERVER
        session = request.get(SESSION)
        if session is not None:
            if request.get(NEW_SESSION) and self._sessions.find(session.id) is not None:
                # Too late for set_cookie: aiohttp has written its cookies by now.
                secure = "; Secure" if self._settings.secure else ""
                headers.add("Set-Cookie", f"{COOKIE}={session.id}; HttpOnly; Path=/; SameSite=Lax{secure}")
            if self._settings.csrf and request.method == "GET":
                headers[CSRF_NAME_OF_NAME] = CSRF_NAME
                headers[CSRF_NAME] = session.csrf_token
        if self._settings.allowed_origins:
            headers["Vary"] = "Origin"
            if origin := self._origin(request):
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Allow-Credentials"] = "true"
                headers["Access-Control-Expose-Headers"] = f"{CSRF_NAME_OF_NAME},{CSRF_NAME}"

    def _origin(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin")
        return origin if origin in self._settings.allowed_origins else None


def _metadata_of(session: HttpSession) -> Metadata:
    return (*session.identity.metadata, *tracing.metadata())


def _preflight() -> web.Response:
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
            "Access-Control-Allow-Headers": f"Authorization,Content-Type,Idempotency-Key,{CSRF_NAME},"
            "Grpc-Timeout,X-Grpc-Web,X-User-Agent",
            "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
        },
    )


def _enveloped(answer: web.HTTPException) -> web.StreamResponse:
    match answer:
        case web.HTTPNotFound() if answer.content_type != "application/json":
            return error_response(not_found())
        case web.HTTPMethodNotAllowed():
            response = error_response(method_not_allowed(answer.method))
            response.headers["Allow"] = answer.headers.get("Allow", "")
            return response
        case web.HTTPRequestEntityTooLarge():
            return error_response(too_large())
        case _:
            raise answer


def _defect(error: Exception, request: web.Request) -> web.Response:
    incident = secrets.token_hex(8)
    log.error("request failed", incident=incident, method=request.method, path=request.path, exc_info=error)
    return error_response(defect(incident))
