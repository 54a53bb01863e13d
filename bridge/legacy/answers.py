"""Answers that are whole when they are made: head and body leave in one write; what is answered is decided elsewhere.

Most requests get one of these. What aiohttp does for answers that may still change costs as much as reading the
request, so it is left to those that need it.
"""

import time
from collections.abc import Mapping
from email.utils import formatdate

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from bridge.legacy import patience

SERVER = "dialbridge"
PLAIN = web.RequestKey("plain", bool)
"""Set where nothing is added to the headers of the answer, such as a cookie."""


class Form:
    """What all answers of a kind have in common."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        self.head = f"HTTP/1.1 200 OK\r\n{''.join(lines)}Content-Length: ".encode()


class Answer(web.StreamResponse):
    """An answer that says yes. Nothing can be added to it: headers and cookies are for ``web.Response``."""

    def __init__(self, form: Form, body: bytes) -> None:
        super().__init__()
        self._form = form
        self._whole = body
        self._written = False
        self._slowly: web.Response | None = None
        """The same as an answer of aiohttp's, where something is to be added or the client is not that fast."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write it, unless it was written."""
        if self._written or self._slowly is not None:
            return None
        transport = request.transport
        if transport is not None and self._is_plain(request):
            self._written = True
            size = b"%d\r\nDate: " % len(self._whole)
            transport.write(b"".join((self._form.head, size, _date.now(), _END, self._whole)))
            return None
        self._slowly = web.Response(body=self._whole, headers=self._form.headers)
        return await self._slowly.prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        """End it, where it is not written in one piece."""
        if self._slowly is not None:
            await self._slowly.write_eof(data)

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection lives on."""
        return self._written if self._slowly is None else self._slowly.keep_alive

    def _is_plain(self, request: web.BaseRequest) -> bool:
        return (
            PLAIN in request
            and request.keep_alive
            and request.version == HttpVersion11
            and request.method != "HEAD"
            and patience.takes(request, len(self._whole))
        )


class _Date:
    """The header Date, made once a second. RFC 9110, 5.6.7."""

    def __init__(self) -> None:
        self._second = 0
        self._text = b""

    def now(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second, self._text = second, formatdate(second, usegmt=True).encode()
        return self._text


_date = _Date()
_END = f"\r\nServer: {SERVER}\r\n\r\n".encode()
