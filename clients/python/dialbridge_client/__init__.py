"""The dialbridge client: dial, watch and control calls from Python, and the `dialbridge` command."""

from dialbridge_client.blocking import BlockingClient
from dialbridge_client.client import Client
from dialbridge_client.credentials import Basic, Bearer
from dialbridge_client.errors import DialbridgeError
from dialbridge_client.following import Changed, Interrupted, Replaced, Resumed, WatchEvent
from dialbridge_client.preview_loop import PreviewLoop

__all__ = [
    "Basic",
    "Bearer",
    "BlockingClient",
    "Changed",
    "Client",
    "DialbridgeError",
    "Interrupted",
    "PreviewLoop",
    "Replaced",
    "Resumed",
    "WatchEvent",
]
