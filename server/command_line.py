"""The server's half of the ``dialbridge`` command: serve, server, bridge, hash-password; reads flags and environment,
no more.

Each object satisfies what the command asks of its plug-ins: ``name``, ``summary``, ``add_arguments``, ``run``.
"""

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TypeVar

from bridge.settings import BridgeSettings, BridgeSettingsError, MissingOutboundFeature, Profile
from server.directory import DirectoryError
from server.journal.database import DatabaseDamaged, DatabaseInUse
from server.logs import LogFormat, LogLevel, configure
from server.passwords import hash_password
from server.settings import (
    DEFAULT_DATA_DIR,
    DEFAULT_GRPC_PORT,
    DEFAULT_HTTP_PORT,
    RemoteFacade,
    Settings,
    SettingsError,
    SwitchKind,
    integer,
    seconds,
    truth,
    variable_of,
)
from server.tls import Tls, TlsError, read_tls

USAGE_ERROR = 2

_EXAMPLES = """\
examples:
  dialbridge serve                                        demo directory, simulated switch, this machine only
  dialbridge serve --config directory.toml --host 0.0.0.0     your own users and devices, for everybody
  dialbridge serve --scenario busy-day.toml               script the far ends (docs/simulator.md)
  dialbridge serve --switch gws --gws-config gws.toml     in front of an existing GWS (docs/gws.md)
  DIALBRIDGE_GRPC_PORT=0 dialbridge serve                 on a port that is free

Every option can be given as the environment variable that its help names; the option wins.
"""
_BRIDGE_EXAMPLES = """\
examples:
  DIALBRIDGE_SERVICE_PASSWORD=... dialbridge bridge --facade calls.example.com:50051

The bridge signs in as DIALBRIDGE_SERVICE_USER (default: bridge), a user of the server's directory with the role
service; the password comes from DIALBRIDGE_SERVICE_PASSWORD alone. Every option can be given as the environment
variable that its help names; the option wins.
"""


_Choice = TypeVar("_Choice", bound=Enum)


def _add(parser: argparse.ArgumentParser, option: str, default: str | None, help_: str) -> None:
    variable = variable_of(option)
    shown = "" if default is None else f"; default: {default}"
    parser.add_argument(option, default=os.environ.get(variable, default), help=f"{help_} ({variable}{shown})")


def _add_process(parser: argparse.ArgumentParser, epilog: str) -> None:
    parser.epilog = epilog
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    _add(parser, "--host", "127.0.0.1", "address to listen on")
    _add(parser, "--tls-certificate", None, "PEM file of the certificate and its chain; unless given, no TLS")
    _add(parser, "--tls-key", None, "PEM file of its key, without a password")
    _add(parser, "--tls-client-ca", None, "PEM file of who signs clients; if given, clients must show a certificate")
    _add(parser, "--grace", "10", "seconds that draining takes at most")
    _add(parser, "--log-level", "info", "debug, info, warning or error")
    _add(parser, "--log-format", None, "json or human; unless given, human in a terminal and json elsewhere")


def _add_server(parser: argparse.ArgumentParser) -> None:
    _add(parser, "--grpc-port", str(DEFAULT_GRPC_PORT), "port of gRPC; 0: any that is free")
    _add(parser, "--config", None, "directory of users and devices, a TOML file; unless given, the demo directory")
    _add(parser, "--switch", SwitchKind.SIMULATOR.value, "what places the calls: simulator or gws")
    _add(parser, "--gws-config", None, "which GWS, for --switch gws: a TOML file (docs/gws.md)")
    _add(parser, "--scenario", None, "scenario of the simulated switch, a TOML file; unless given, the demo numbers")
    _add(parser, "--data-dir", DEFAULT_DATA_DIR, "directory of the journal and of the key of access tokens")


def _add_bridge(parser: argparse.ArgumentParser) -> None:
    _add(parser, "--http-port", str(DEFAULT_HTTP_PORT), "port of REST and CometD; 0: any that is free")
    _add(parser, "--external-url", None, "what URIs in answers begin with; unless given, http://127.0.0.1:PORT/api/v2")
    _add(parser, "--legacy-profile", Profile.S1.value, "generation of messages: s1 (Dial Preview Record page) or g2")
    _add(parser, "--csrf", "false", "true: writing requests need the CSRF token of their session")
    _add(
        parser,
        "--missing-outbound-feature",
        MissingOutboundFeature.MISSING_PARAMETER.value,
        "answer to a preview dial without the feature: missing-parameter or forbidden",
    )
    _add(parser, "--allowed-origins", "", "origins whose pages may call from a browser, separated by commas")


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        host=arguments.host,
        grpc_port=integer("--grpc-port", arguments.grpc_port),
        config=_path(arguments.config),
        scenario=_path(arguments.scenario),
        switch=_one_of("--switch", arguments.switch, SwitchKind),
        gws_config=_path(arguments.gws_config),
        data_dir=Path(arguments.data_dir).expanduser(),
        grace=seconds("--grace", arguments.grace),
        tls=_tls(arguments),
        metrics_port=_metrics_port(arguments),
    )


def _metrics_port(arguments: argparse.Namespace) -> int | None:
    given = getattr(arguments, "metrics_port", None)  # an option of the server alone
    return None if given is None else integer("--metrics-port", given)


def _tls(arguments: argparse.Namespace) -> Tls | None:
    return read_tls(_path(arguments.tls_certificate), _path(arguments.tls_key), _path(arguments.tls_client_ca))


def _bridge_settings(arguments: argparse.Namespace) -> BridgeSettings:
    port = integer("--http-port", arguments.http_port)
    try:
        return BridgeSettings(
            host=arguments.host,
            port=port,
            external_url=arguments.external_url or f"{_scheme(arguments)}://127.0.0.1:{port}/api/v2",
            profile=_one_of("--legacy-profile", arguments.legacy_profile, Profile),
            csrf=truth("--csrf", arguments.csrf),
            missing_outbound_feature=_one_of(
                "--missing-outbound-feature", arguments.missing_outbound_feature, MissingOutboundFeature
            ),
            allowed_origins=frozenset(filter(None, arguments.allowed_origins.split(","))),
        )
    except BridgeSettingsError as error:
        raise SettingsError(str(error)) from None


def _scheme(arguments: argparse.Namespace) -> str:
    return "https" if arguments.tls_certificate else "http"


def _facade_ca(arguments: argparse.Namespace) -> bytes | None:
    path = _path(arguments.facade_ca)
    try:
        return path.read_bytes() if path is not None else None
    except OSError as error:
        raise SettingsError(f"--facade-ca (DIALBRIDGE_FACADE_CA) {path} cannot be read: {error.strerror}") from None


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None


def _one_of(option: str, text: str, offered: type[_Choice]) -> _Choice:
    try:
        return offered(text)
    except ValueError:
        names = ", ".join(str(each.value) for each in offered)
        raise SettingsError(f"{option} ({variable_of(option)}) must be one of {names}, not {text!r}") from None


def _set_up_logs(arguments: argparse.Namespace) -> None:
    level = _one_of("--log-level", arguments.log_level, LogLevel)
    form = arguments.log_format or (LogFormat.HUMAN if sys.stderr.isatty() else LogFormat.JSON).value
    configure(level, json=_one_of("--log-format", form, LogFormat) is LogFormat.JSON)


def _guarded(name: str, work: Callable[[], int]) -> int:
    """Run; what was told wrongly, or stands in the way, is one line and not a traceback."""
    from server.app import CannotListen
    from server.switches.scenario import ScenarioError

    try:
        return work()
    except (
        SettingsError,
        TlsError,
        DirectoryError,
        ScenarioError,
        DatabaseInUse,
        DatabaseDamaged,
        CannotListen,
    ) as error:
        print(f"dialbridge {name}: {error}", file=sys.stderr)
        return USAGE_ERROR


class ServeCommand:
    """Server and bridge in one process."""

    name = "serve"
    summary = "run server and bridge in one process"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        _add_process(parser, _EXAMPLES)
        _add_server(parser)
        _add_bridge(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Run until a signal; the exit status."""

        def work() -> int:
            from server.app import serve

            _set_up_logs(arguments)
            return serve(_settings(arguments), _bridge_settings(arguments))

        return _guarded(self.name, work)


class ServerCommand:
    """The server alone."""

    name = "server"
    summary = "run the gRPC server alone"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        _add_process(parser, _EXAMPLES.replace("dialbridge serve ", "dialbridge server "))
        _add_server(parser)
        _add(parser, "--metrics-port", None, "port of /metrics for Prometheus; the bridge has it at its own")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run until a signal; the exit status."""

        def work() -> int:
            from server.app import serve

            _set_up_logs(arguments)
            return serve(_settings(arguments), None)

        return _guarded(self.name, work)


class BridgeCommand:
    """The bridge alone."""

    name = "bridge"
    summary = "run the REST/CometD bridge alone, before a server elsewhere"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        _add_process(parser, _BRIDGE_EXAMPLES)
        _add(parser, "--facade", f"127.0.0.1:{DEFAULT_GRPC_PORT}", "the server's address")
        _add(parser, "--facade-ca", None, "PEM file of who signed the server's certificate; unless given, no TLS to it")
        _add_bridge(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Run until a signal; the exit status."""

        def work() -> int:
            from server.app import serve_bridge

            _set_up_logs(arguments)
            facade = RemoteFacade(
                address=arguments.facade,
                user_name=os.environ.get("DIALBRIDGE_SERVICE_USER", "bridge"),
                password=os.environ.get("DIALBRIDGE_SERVICE_PASSWORD", ""),
                ca=_facade_ca(arguments),
            )
            grace = seconds("--grace", arguments.grace)
            return serve_bridge(facade, _bridge_settings(arguments), grace, _tls(arguments))

        return _guarded(self.name, work)


class HashPasswordCommand:
    """A password line for the directory."""

    name = "hash-password"
    summary = "make a password line for the directory"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe what it reads."""
        parser.epilog = "Asks for the password twice in a terminal; elsewhere reads one line from standard input."

    def run(self, _: argparse.Namespace) -> int:
        """Print the line; the exit status."""
        if sys.stdin.isatty():
            password = getpass.getpass("Password: ")
            if getpass.getpass("Again: ") != password:
                print("dialbridge hash-password: the two are not the same", file=sys.stderr)
                return 1
        else:
            password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            print("dialbridge hash-password: the password is empty", file=sys.stderr)
            return 1
        print(hash_password(password))
        return 0


SERVE = ServeCommand()
SERVER = ServerCommand()
BRIDGE = BridgeCommand()
HASH_PASSWORD = HashPasswordCommand()
