"""What every rival does with a command: set, get, and a text to send.

The calls to the portal are the same code for all of them, on aiohttp; what differs is the framework
that brings the message and takes the reply. Settings: `API` (Telegram), `PORTAL`, `TOKEN`, `PORT`.
"""

import os

import aiohttp

API, PORTAL = os.environ["API"], os.environ["PORTAL"]
TOKEN, PORT = os.environ["TOKEN"], int(os.environ["PORT"])
_LETTERS = {"/accept": "Y", "/decline": "N"}
_WORDS = {"Y": "Accepted", "N": "Declined"}


async def answer(session: aiohttp.ClientSession, user_id: int, text: str) -> str:
    """Set what somebody wants, read what is held, and say it."""
    command, event_id = text.split()
    base = f"{PORTAL}/rest/{user_id}/key/calendar.meeting.status"
    wanted = {"eventId": event_id, "status": _LETTERS[command]}
    async with session.post(f"{base}.set", json=wanted) as response:
        await response.json()
    async with session.post(f"{base}.get", json={"eventId": event_id}) as response:
        held = (await response.json())["result"]
    return f"{_WORDS[held]}: Design review"
