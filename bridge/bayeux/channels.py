"""Channel names and patterns: what may be one, and which patterns a channel fits; pure."""

import re
from functools import lru_cache

META = "/meta/"
SERVICE = "/service/"
HANDSHAKE = "/meta/handshake"
CONNECT = "/meta/connect"

# As lenient as the CometD server (``validateMessageFields``), which legacy clients were written against.
_NAME = re.compile(r"/[A-Za-z0-9 !#$()*+\-./@_{~}]+", re.ASCII)


def is_channel(name: object, longest: int) -> bool:
    """Whether ``name`` can be a channel or a pattern. Bayeux 1.0, 2.2.1."""
    return isinstance(name, str) and len(name) <= longest and _NAME.fullmatch(name) is not None


def is_pattern(name: str) -> bool:
    """Whether ``name`` stands for several channels."""
    return name.endswith(("/*", "/**"))


def is_well_formed_pattern(name: str) -> bool:
    """Whether ``*`` and ``**`` stand as the last segment only. Bayeux 1.0, 2.2.1."""
    *parents, last = name.split("/")
    return not any("*" in segment for segment in parents) and ("*" not in last or last in ("*", "**"))


@lru_cache(maxsize=4096)
def fitting(channel: str) -> frozenset[str]:
    """The subscriptions that bring an event on ``channel``: itself, and every pattern that it fits.

    ``/foo/*`` is one more segment, ``/foo/**`` one or more. Bayeux 1.0, 2.2.1.
    """
    segments = channel.split("/")[1:]
    parents = ["/".join(["", *segments[:count]]) for count in range(len(segments))]
    return frozenset([channel, f"{parents[-1]}/*", *(f"{parent}/**" for parent in parents)])
