"""Which time zone is meant, asked where that is not sure; for people and for groups."""

from collections.abc import Mapping

from bot.commands import Context
from bot.domain.chat import Button
from bot.services.zone_search import Match, Search
from bot.texts import Draft, M, on_one_line, zone_buttons

_ECHO_LIMIT = 40
_DOUBTS: Mapping[Match, M] = {
    Match.SEVERAL: M.TZ_SEVERAL,
    Match.SIMILAR: M.TZ_SIMILAR,
    Match.OFFSET: M.TZ_OFFSET,
    Match.AT_SEA: M.TZ_AT_SEA,
    Match.UNKNOWN: M.TZ_UNKNOWN,
}


def add_doubt(
    ctx: Context, draft: Draft, search: Search, words: str, command: str
) -> list[list[Button]]:
    """Add why nothing was changed; the zones that may be meant."""
    draft.add(_DOUBTS[search.match], words=on_one_line(words, _ECHO_LIMIT))
    if search.match is Match.OFFSET or not search.zones:
        draft.add(M.TZ_LOCATION)
    if search.zones:
        now, present = ctx.services.clock.now(), ctx.texts.zone
        return zone_buttons(search.zones, now, command, present=present, likeliest_first=True)
    return likely_zones(ctx, command)


def likely_zones(ctx: Context, command: str) -> list[list[Button]]:
    """Where somebody who speaks this language may live."""
    likely = ctx.services.preferences.likely_zones(ctx.texts.language)
    return zone_buttons(likely, ctx.services.clock.now(), command, present=ctx.texts.zone)
