"""Whether a client has to be waited for at all: a deadline costs as much as the small read or write that needs none."""

import asyncio

from aiohttp import web

_FITS = 32 << 10
"""Bytes; half of what a transport buffers before it asks its writers to wait."""


async def body_of(request: web.Request, within: float) -> bytes:
    """The whole body, to be read once; the caller looks whether it is too large.

    Raises what reading it raises, and TimeoutError when it does not come ``within`` seconds.
    """
    if request.content.is_eof():  # a small body comes with its headers
        return request.content.read_nowait()
    async with asyncio.timeout(within):
        return await request.read()


def takes(request: web.BaseRequest, size: int) -> bool:
    """Whether the connection takes so many bytes more without asking the writer to wait; False when it is lost."""
    transport = request.transport
    return transport is not None and transport.get_write_buffer_size() + size < _FITS
