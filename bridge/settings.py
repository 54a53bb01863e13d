"""What the legacy side can be told, as values that are checked once; who reads them from where is not known here."""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

API_PATH = "/api/v2"
DEFAULT_EXTERNAL_URL = "http://127.0.0.1:8080/api/v2"


class Profile(Enum):
    """Which generation of the GWS reference the messages look like."""

    S1 = "s1"
    """The Dial Preview Record page: no ``monitoring``, with ``WrapUpTime``."""
    G2 = "g2"
    """The samples from October 2015 on: with ``monitoring``, without ``WrapUpTime``."""


class MissingOutboundFeature(Enum):
    """What a preview dial is answered where ``api-voice-outbound`` is off. The GWS reference leaves two readings."""

    MISSING_PARAMETER = "missing-parameter"
    """``outboundRecord`` does not exist, so ``destination`` is missing: HTTP 400, code 1."""
    FORBIDDEN = "forbidden"
    """The operation is not a valid one: HTTP 403, code 3."""


class BridgeSettingsError(ValueError):
    """A setting that cannot be used; ``setting`` is its name in `BridgeSettings`, the text says the remedy."""

    def __init__(self, setting: str, text: str) -> None:
        super().__init__(f"{setting} {text}")
        self.setting = setting


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """The settings of the legacy side."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = 8080
    """The port to listen on; 0: any that is free."""
    external_url: str = DEFAULT_EXTERNAL_URL
    """What absolute URIs begin with. Never taken from a request, because a proxy may stand between."""
    profile: Profile = Profile.S1
    csrf: bool = False
    """Whether POST, PUT and DELETE need the token of the HTTP session. GWS reference, CSRF Protection."""
    missing_outbound_feature: MissingOutboundFeature = MissingOutboundFeature.MISSING_PARAMETER
    allowed_origins: frozenset[str] = frozenset()
    """Origins such as ``https://desktop.example.com`` whose pages may call from a browser (CORS)."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise BridgeSettingsError("port", f"must be between 0 and 65535, not {self.port}")
        url = urlsplit(self.external_url)
        if (
            url.scheme not in {"http", "https"}
            or not url.netloc
            or not url.path.endswith(API_PATH)
            or url.query
            or url.fragment
        ):
            raise BridgeSettingsError(
                "external_url",
                f"must be an http or https URL that ends in {API_PATH}, such as {DEFAULT_EXTERNAL_URL}, "
                f"not {self.external_url!r}",
            )
        for origin in sorted(self.allowed_origins):
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or not parts.netloc
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise BridgeSettingsError(
                    "allowed_origins",
                    f"must be origins such as https://desktop.example.com, without a path, not {origin!r}",
                )

    @property
    def secure(self) -> bool:
        """Whether clients come by https, so that cookies are for https only."""
        return self.external_url.startswith("https:")
