"""/who: who answered what."""

from collections.abc import Sequence

from bot.commands import Context, Router
from bot.domain.chat import Reply, Visibility
from bot.texts import Draft, M, add_roster
from handlers.team.naming import one_meeting, split_off

router = Router()

_HERE = frozenset({"here", "здесь", "тут", "сюда"})


@router.command("who", summary=M.HELP_WHO, arguments="651", aliases=("кто", "участники"))
async def who(ctx: Context) -> Sequence[Reply]:
    """Tell the asker who comes; with "here" tell the whole group."""
    ctx, here = split_off(ctx, _HERE)
    public = bool(here) and ctx.message.conversation.is_group
    roster = await one_meeting(ctx, M.WHO_WHICH_HERE if public else M.WHO_WHICH, here)
    if isinstance(roster, Reply):
        return [roster]
    if public and roster.event.private:
        return [ctx.draft().add(M.WHO_PRIVATE, title=ctx.texts.title(roster.event)).reply()]
    texts, now = ctx.texts, ctx.services.clock.now()
    if public:
        texts = await ctx.services.groups.texts_for(ctx.message.conversation, texts)
    draft = add_roster(Draft(texts), roster, now)
    if roster.event.over:
        draft.add(M.EVENT_PAST)
    visibility = Visibility.CONVERSATION if public else Visibility.SENDER_ONLY
    return [draft.reply(visibility=visibility, about=roster.event.ref)]
