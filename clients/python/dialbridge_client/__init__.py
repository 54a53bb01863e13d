"""The dialbridge client: dial, watch and control calls from Python, and the `dialbridge` command."""

from dialbridge_client.client import Changed, Client, Interrupted, Replaced, Resumed, WatchEvent
from dialbridge_client.credentials import Basic, Bearer
from dialbridge_client.errors import DialbridgeError

__all__ = [
    "Basic",
    "Bearer",
    "Changed",
    "Client",
    "DialbridgeError",
    "Interrupted",
    "Replaced",
    "Resumed",
    "WatchEvent",
]
