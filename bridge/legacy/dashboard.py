"""The web dashboard at ``/``: serves the files that were built from clients/dashboard, and knows nothing of calls.

All files are read once, when the process starts, so no request names a path of the file system. Where nothing was
built, the page at ``/`` says how to do it, and everything else works.
"""

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from bridge.legacy.static_files import StaticFile, StaticFiles

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


class Dashboard:
    """The files of one build."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """``files`` by their names relative to the build's folder, ``index.html`` among them; empty: not built."""
        self._files = StaticFiles(
            {
                # The build puts a digest of the content into the names of its assets.
                "/" if name == "index.html" else f"/{name}": StaticFile.of(
                    _TYPES[Path(name).suffix], body, forever=name.startswith("assets/")
                )
                for name, body in (files or {"index.html": _NOT_BUILT}).items()
            }
        )

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
        return self._files.routes()
