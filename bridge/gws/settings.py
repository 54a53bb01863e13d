"""What the southbound bridge can be told, read from a TOML file and checked once."""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bridge.gws.rest import Credentials


class Transport(Enum):
    """How notifications come."""

    LONG_POLLING = "long-polling"
    """What GWS offers. GWS reference, CometD."""
    WEBSOCKET = "websocket"
    """Where it is offered; long-polling otherwise."""


class CredentialsFrom(Enum):
    """Whose passwords agents are signed in with."""

    FILE = "file"
    CALLER = "caller"
    """That with which the agent signed in here, kept in memory alone."""


class GwsSettingsError(Exception):
    """A file that cannot be used; the text says where and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GwsSettings:
    """One GWS and who signs in to it."""

    url: str
    """Ends in ``/api/v2``."""
    transport: Transport = Transport.LONG_POLLING
    start_session: bool = True
    """Whether a contact centre session for voice is started for every agent."""
    credentials_from: CredentialsFrom = CredentialsFrom.FILE
    agents: Mapping[str, Credentials] = field(default_factory=dict)
    """By login name here."""

    @property
    def notifications_url(self) -> str:
        """Where CometD is."""
        return f"{self.url}/notifications"


def read_settings(path: Path) -> GwsSettings:
    """Read a file. Raises `GwsSettingsError`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            document = tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GwsSettingsError(f"{path} cannot be read: {error}") from None
    settings = _settings(document, str(path))
    if settings.agents and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise GwsSettingsError(f"{path} has passwords and can be read by others; make it yours alone: chmod 600 {path}")
    return settings


def _settings(document: dict[str, Any], source: str) -> GwsSettings:
    def wrong(text: str) -> GwsSettingsError:
        return GwsSettingsError(f"{source}: {text}")

    url = document.pop("url", None)
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or parts.username:
        raise wrong('url must be that of the GWS, such as "https://gws.example.com/api/v2"')
    if not parts.path.rstrip("/").endswith("/api/v2") or parts.query or parts.fragment:
        raise wrong(f"url must end in /api/v2, not be {url!r}")
    transport = _choice(document.pop("transport", "long-polling"), Transport, "transport", wrong)
    source_of = _choice(document.pop("credentials", "file"), CredentialsFrom, "credentials", wrong)
    start_session = document.pop("start_session", True)
    if not isinstance(start_session, bool):
        raise wrong("start_session must be true or false")
    agents: dict[str, Credentials] = {}
    for number, table in enumerate(document.pop("agents", []), start=1):
        place = f"[[agents]] {number}"
        if not isinstance(table, dict) or not isinstance(name := table.pop("user_name", None), str) or not name:
            raise wrong(f"{place}: user_name is missing, the login name that the agent has here")
        upstream, password = table.pop("upstream_user_name", name), table.pop("password", None)
        if not isinstance(upstream, str) or not isinstance(password, str) or not password:
            raise wrong(f"{place}: password is missing, that of {name} at the GWS")
        if table:
            raise wrong(f"{place}: {next(iter(table))!r} is not known")
        if name in agents:
            raise wrong(f"{place}: {name!r} stands twice")
        agents[name] = Credentials(upstream, password)
    if document:
        raise wrong(f"{next(iter(document))!r} is not known")
    if source_of is CredentialsFrom.FILE and not agents:
        raise wrong('there is no [[agents]]; add them, or set credentials = "caller"')
    if source_of is CredentialsFrom.CALLER and agents:
        raise wrong('[[agents]] mean nothing with credentials = "caller"; remove one of them')
    return GwsSettings(
        url=str(url).rstrip("/"),
        transport=transport,
        start_session=start_session,
        credentials_from=source_of,
        agents=agents,
    )


def _choice(value: object, of: type[Any], name: str, wrong: Any) -> Any:
    try:
        return of(value)
    except ValueError:
        raise wrong(f"{name} must be one of {', '.join(each.value for each in of)}, not {value!r}") from None
