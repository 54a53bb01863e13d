"""The web dashboard at ``/``: serves the files that were built from clients/dashboard, and knows nothing of calls.

All files are read once, when the process starts, so no request names a path of the file system. Where nothing was
built, the page at ``/`` says how to do it, and everything else works.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

BUILT = Path("clients/dashboard/dist")
"""Where the build puts its files, in a checkout."""
PACKAGED = "dashboard_files"
"""Where a wheel has them, beside this module."""

_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What a build consists of; other files are not served."""

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

_NOT_BUILT = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>dialbridge</title>
<h1>dialbridge is running</h1>
<p>Its web dashboard is not built yet. With Node.js 20 or newer and npm, <code>make dashboard</code> builds it;
then start dialbridge again.</p>
<p>The interfaces work without it: REST and CometD under <code>/api/v2</code>, gRPC on its own port.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes
    headers: Mapping[str, str]
    etag: str

    @classmethod
    def of(cls, name: str, body: bytes) -> "_File":
        # The build puts a digest of the content into the names of its assets: under one name never other content.
        forever = name.startswith("assets/")
        headers = {
            **SECURITY,
            "Content-Type": _TYPES[Path(name).suffix],
            "Cache-Control": "public, max-age=31536000, immutable" if forever else "no-cache",
            "Vary": "Accept-Encoding",
        }
        return cls(body, gzip.compress(body, mtime=0), headers, hashlib.sha256(body).hexdigest()[:32])


class Dashboard:
    """The files of one build."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """``files`` by their names relative to the build's folder, ``index.html`` among them; empty: not built."""
        self._files = {
            "/" if name == "index.html" else f"/{name}": _File.of(name, body)
            for name, body in (files or {"index.html": _NOT_BUILT}).items()
        }

    @classmethod
    def installed(cls) -> "Dashboard":
        """The build that this installation has: that of its wheel, or that of the checkout it runs from."""
        here = Path(__file__).resolve()
        for folder in (here.parent / PACKAGED, here.parents[2] / BUILT):
            if (folder / "index.html").is_file():
                return cls.of(folder)
        return cls({})

    @classmethod
    def of(cls, folder: Path) -> "Dashboard":
        """The build in ``folder``."""
        return cls(
            {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file() and path.suffix in _TYPES
            }
        )

    def routes(self) -> list[web.RouteDef]:
        """One route for each file."""
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
