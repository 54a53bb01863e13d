"""Files that stay the same while the process runs: headers, compression, validators; not what is in them."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

SECURITY: Mapping[str, str] = {
    # Nothing from other hosts, nothing inline, no frame around it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file."""

    body: bytes
    zipped: bytes
    headers: Mapping[str, str]
    etag: str

    @classmethod
    def of(cls, content_type: str, body: bytes, *, forever: bool = False) -> "StaticFile":
        """``forever``: under this address there is never other content."""
        headers = {
            **SECURITY,
            "Content-Type": content_type,
            "Cache-Control": "public, max-age=31536000, immutable" if forever else "no-cache",
            "Vary": "Accept-Encoding",
        }
        return cls(body, gzip.compress(body, mtime=0), headers, hashlib.sha256(body).hexdigest()[:32])


class StaticFiles:
    """Some files by their paths."""

    def __init__(self, files: Mapping[str, StaticFile]) -> None:
        self._files = files

    def routes(self) -> list[web.RouteDef]:
        """One route for each file, so no request names a path of the file system."""
        return [web.get(path, self._file) for path in self._files]

    async def _file(self, request: web.Request) -> web.Response:
        file = self._files[request.path]
        if any(tag.value in ("*", file.etag) for tag in request.if_none_match or ()):
            response = web.Response(status=304, headers=file.headers)
        elif "gzip" in request.headers.get("Accept-Encoding", ""):
            response = web.Response(body=file.zipped, headers={**file.headers, "Content-Encoding": "gzip"})
        else:
            response = web.Response(body=file.body, headers=file.headers)
        response.etag = file.etag
        return response
