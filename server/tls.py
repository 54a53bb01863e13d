"""The certificate of a process, from files that are checked once; what it protects is not known here."""

import ssl
from dataclasses import dataclass
from pathlib import Path


class TlsError(Exception):
    """Files that cannot be used; the text names the option, the variable and the remedy."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM: a certificate with its chain, its key, and who signs clients, if clients must show a certificate."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None
    context: ssl.SSLContext
    """The same, for servers that take a context."""


def read_tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    """Read the files; None where no certificate is named. Raises `TlsError`."""
    if certificate is None and key is None:
        if client_ca is not None:
            raise TlsError(
                "--tls-client-ca (DIALBRIDGE_TLS_CLIENT_CA) means nothing without --tls-certificate and --tls-key"
            )
        return None
    if certificate is None or key is None:
        raise TlsError(
            "--tls-certificate (DIALBRIDGE_TLS_CERTIFICATE) and --tls-key (DIALBRIDGE_TLS_KEY) belong together;"
            " name both"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    contents = _content("--tls-certificate", certificate), _content("--tls-key", key)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise TlsError(
            f"--tls-certificate {certificate} and --tls-key {key} cannot be used together: {_reason(error)};"
            " they must be PEM, the key without a password, and of that certificate"
        ) from None
    if client_ca is None:
        return Tls(*contents, None, context)
    try:
        context.load_verify_locations(client_ca)
    except (ssl.SSLError, OSError) as error:
        raise TlsError(f"--tls-client-ca {client_ca} cannot be used: {_reason(error)}; it must be PEM") from None
    context.verify_mode = ssl.CERT_REQUIRED
    return Tls(*contents, _content("--tls-client-ca", client_ca), context)


def _content(option: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{option} {path} cannot be read: {error.strerror}") from None


def _no_password() -> str:
    raise ValueError("the key has a password")


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)
