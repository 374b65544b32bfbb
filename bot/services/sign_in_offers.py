"""Offering sign-in at every provider, under a name by which others know who asks."""

import re
from collections.abc import Mapping

from bot.domain.chat import Identity
from bot.domain.providers import Provider
from bot.services.caller import Caller
from bot.services.sign_ins import SignIns
from bot.texts import on_one_line

_NAME_LIMIT = 40


async def offer_sign_ins(
    sign_ins: SignIns, caller: Caller, sender: Identity, language: str
) -> Mapping[Provider, str]:
    """Begin a sign-in at each provider that has it set up; the addresses of the first pages."""
    asker = _asker(sender)
    return {
        provider: await sign_ins.offer(caller, provider, asker, language)
        for provider in sign_ins.consents
    }


def _asker(person: Identity) -> str:
    """All by which somebody else would know the person who asks.

    People name themselves as they like, so a name is kept short and cannot look like a handle.
    """
    handle = f"@{person.handle}" if person.handle else person.user_id
    name = on_one_line(re.sub(r"[@()]", " ", person.display_name), _NAME_LIMIT)
    return f"{name} ({handle})" if name else handle
