"""What a process can be told, from defaults, environment and flags, checked once; what the legacy side can be told is
the bridge's."""

import ipaddress
import os
import secrets
import stat
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from server.directory import Directory
from server.tls import Tls

DEFAULT_DATA_DIR = ".dialbridge"
DEFAULT_GRPC_PORT = 50051
DEFAULT_HTTP_PORT = 8080
_KEY_FILE = "token.key"
_KEY_BYTES = 32


class SwitchKind(Enum):
    """What places the calls."""

    SIMULATOR = "simulator"
    GWS = "gws"


class SettingsError(Exception):
    """Something that a process was told cannot be; the text names the option, the variable and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the server's side of a process."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    grpc_port: int = DEFAULT_GRPC_PORT
    """0: any that is free."""
    config: Path | None = None
    """The directory file; None: the embedded demo directory."""
    scenario: Path | None = None
    """The scenario of the simulated switch; None: the demo numbering plan."""
    switch: SwitchKind = SwitchKind.SIMULATOR
    gws_config: Path | None = None
    """The file that says which GWS, for that switch."""
    data_dir: Path = field(default_factory=lambda: Path(DEFAULT_DATA_DIR))
    """Where the journal and the key of access tokens are."""
    grace: float = 10.0
    """Seconds that draining takes at most."""
    tls: Tls | None = None
    """The certificate of both sides; None: in the clear."""
    metrics_port: int | None = None
    """Where a server without the bridge offers metrics; None: nowhere. 0: any that is free."""

    def __post_init__(self) -> None:
        if not 0 <= self.grpc_port <= 65535:
            raise SettingsError(
                f"--grpc-port (DIALBRIDGE_GRPC_PORT) must be a port from 0 to 65535, not {self.grpc_port}"
            )
        if not 0 <= (self.metrics_port or 0) <= 65535:
            raise SettingsError(
                f"--metrics-port (DIALBRIDGE_METRICS_PORT) must be a port from 0 to 65535, not {self.metrics_port}"
            )
        if not 0 <= self.grace <= 3600:
            raise SettingsError(f"--grace (DIALBRIDGE_GRACE) must be 0 to 3600 seconds, not {self.grace}")
        if self.switch is SwitchKind.GWS and self.gws_config is None:
            raise SettingsError(
                "--switch gws needs --gws-config (DIALBRIDGE_GWS_CONFIG), the file that says which GWS (docs/gws.md)"
            )
        if self.switch is not SwitchKind.GWS and self.gws_config is not None:
            raise SettingsError("--gws-config (DIALBRIDGE_GWS_CONFIG) means nothing without --switch gws")
        if self.switch is not SwitchKind.SIMULATOR and self.scenario is not None:
            raise SettingsError("--scenario (DIALBRIDGE_SCENARIO) is for --switch simulator")

    def directory(self) -> Directory:
        """Read the directory. Raises `SettingsError` or `server.directory.DirectoryError`."""
        if self.config is None:
            if not is_loopback(self.host):
                raise SettingsError(
                    f"--host (DIALBRIDGE_HOST) {self.host} would offer the demo directory, whose passwords everybody"
                    " knows, to other machines. Write a directory of your own (docs/directory.md; `dialbridge"
                    " hash-password` makes its password lines) and name it with --config (DIALBRIDGE_CONFIG), or serve"
                    " on 127.0.0.1"
                )
            return Directory.demo()
        try:
            text = self.config.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"--config (DIALBRIDGE_CONFIG) {self.config} cannot be read: {error}") from None
        return Directory.from_toml(text, str(self.config))

    def token_key(self) -> bytes:
        """The key that signs access tokens, made with the data directory. Raises `SettingsError`."""
        path = self.data_dir / _KEY_FILE
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                _create(path, secrets.token_bytes(_KEY_BYTES))
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SettingsError(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
            key = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"--data-dir (DIALBRIDGE_DATA_DIR) {self.data_dir} cannot be used: {error}") from None
        if len(key) != _KEY_BYTES:
            raise SettingsError(f"{path} is damaged; delete it, and everybody signs in again")
        return key


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _create(path: Path, content: bytes) -> None:
    """Whole or not at all, also when two processes begin at once."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # the other process was first: its key counts
    finally:
        temporary.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFacade:
    """The server that a bridge in a process of its own stands before."""

    address: str
    user_name: str
    password: str = field(repr=False)
    ca: bytes | None = None
    """PEM of who signed the server's certificate; None: it is spoken to in the clear."""

    def __post_init__(self) -> None:
        host, colon, port = self.address.rpartition(":")
        if not colon or not host or not port.isdecimal():
            raise SettingsError(f"--facade (DIALBRIDGE_FACADE) must be HOST:PORT, not {self.address!r}")
        if not self.password:
            raise SettingsError(
                "DIALBRIDGE_SERVICE_PASSWORD is required: the password of the user that the bridge signs in as"
            )


def variable_of(option: str) -> str:
    """The environment variable of an option."""
    return "DIALBRIDGE_" + option.strip("-").upper().replace("-", "_")


def integer(option: str, text: str) -> int:
    """A whole number. Raises `SettingsError`."""
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{option} ({variable_of(option)}) must be a whole number, not {text!r}") from None


def seconds(option: str, text: str) -> float:
    """A number of seconds. Raises `SettingsError`."""
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{option} ({variable_of(option)}) must be a number of seconds, not {text!r}") from None


def truth(option: str, text: str) -> bool:
    """True or false. Raises `SettingsError`."""
    match text.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off" | "":
            return False
        case _:
            raise SettingsError(f"{option} ({variable_of(option)}) must be true or false, not {text!r}")
