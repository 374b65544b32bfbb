"""Reading what is posted to us, by whoever found the address: not too much, not for too long."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

BODY_LIMIT = 1024 * 1024
"""Bytes of what is posted to us; an update is a few kilobytes."""
READ_WITHIN = 10.0
"""Seconds in which a body has to arrive."""


@web.middleware
async def refuse_large(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse by its own word what is too large, before any of it is read."""
    if (request.content_length or 0) > BODY_LIMIT:
        raise web.HTTPRequestEntityTooLarge(
            max_size=BODY_LIMIT, actual_size=request.content_length or 0
        )
    return await handler(request)


async def read_body(request: web.Request) -> bytes:
    """The body of a request.

    Raises:
        HTTPRequestEntityTooLarge: It goes on beyond the limit.
        HTTPRequestTimeout: It does not come.
        HTTPBadRequest: It is not what its headers say, or broke off.
    """
    try:
        async with asyncio.timeout(READ_WITHIN):
            return await request.read()
    except TimeoutError:
        pass
    except (web.RequestPayloadError, ValueError):
        raise web.HTTPBadRequest from None
    raise web.HTTPRequestTimeout
