"""An aiohttp server and client, with nothing else."""

import aiohttp
from aiohttp import web
from calls import API, PORT, TOKEN, answer


async def main() -> web.Application:
    """The whole bot."""
    session = aiohttp.ClientSession()

    async def take(request: web.Request) -> web.Response:
        message = (await request.json())["message"]
        user_id = message["from"]["id"]
        text = await answer(session, user_id, message["text"])
        reply = {"chat_id": message["chat"]["id"], "text": text}
        async with session.post(f"{API}/bot{TOKEN}/sendMessage", json=reply) as response:
            await response.json()
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    return app


web.run_app(main(), host="127.0.0.1", port=PORT, access_log=None, print=None)
