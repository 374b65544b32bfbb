"""/who: who answered what."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import Context, Router, check_place, refused
from bot.domain.chat import Reply, Visibility
from bot.errors import TELLABLE
from bot.texts import Draft, M, add_roster
from handlers.team.naming import one_meeting

router = Router()

_HERE = frozenset({"here", "здесь", "тут", "сюда"})


@router.command("who", summary=M.HELP_WHO, arguments="651", aliases=("кто", "участники"))
async def who(ctx: Context) -> Sequence[Reply]:
    """Tell the asker who comes; with "here" tell the whole group."""
    words = ctx.command.args
    here = bool(words) and words[-1].lower() in _HERE
    if here:
        ctx = replace(ctx, command=replace(ctx.command, args=words[:-1]))
    if ctx.message.conversation.is_group:
        await check_place(ctx, M.CARD_ONLY_GROUPS)
    ref = await one_meeting(ctx, M.WHO_WHICH, words[-1:] if here else ())
    if isinstance(ref, Reply):
        return [ref]
    try:
        roster = await ctx.services.rosters.of(ctx.caller, ref)
    except TELLABLE as error:
        return [await refused(ctx, ref, error)]
    public = here and ctx.message.conversation.is_group
    if public and roster.event.private:
        return [ctx.draft().add(M.WHO_PRIVATE, title=ctx.texts.title(roster.event)).reply()]
    texts, now = ctx.texts, ctx.services.clock.now()
    if public:
        texts = await ctx.services.groups.texts_for(ctx.message.conversation, texts)
    draft = add_roster(Draft(texts), roster, now)
    visibility = Visibility.CONVERSATION if public else Visibility.SENDER_ONLY
    return [draft.reply(visibility=visibility, about=roster.event.ref)]
