"""/help."""

from collections.abc import Sequence

from bot.commands import Context, Router
from bot.domain.chat import Button, Reply, Visibility
from bot.texts import M

router = Router()

_TOGETHER = ("card", "who", "nudge", "team", "accept", "settings")


@router.command("help", summary=M.HELP_HELP, aliases=("помощь", "справка", "команды"))
async def show_help(ctx: Context) -> Sequence[Reply]:
    """List all commands, from the router's own specs."""
    if ctx.message.conversation.is_group:
        return [_for_the_group(ctx)]
    draft = ctx.draft().add(M.HELP_TITLE)
    for spec in ctx.router.specs:
        draft.add(M.HELP_LINE, usage=spec.usage, summary=ctx.texts.say(spec.summary))
    draft.blank().add(M.HELP_IDS)
    return [draft.reply(visibility=Visibility.CONVERSATION)]


def _for_the_group(ctx: Context) -> Reply:
    """What a group does together; a screen of everything else would be in everybody's way."""
    draft = ctx.draft().add(M.HELP_GROUP)
    for name in _TOGETHER:
        spec = ctx.router.find(name)
        if spec is not None:
            draft.add(M.HELP_LINE, usage=spec.usage, summary=ctx.texts.say(spec.summary))
    draft.blank().add(M.HELP_PRIVATE)
    url = ctx.private_url("start")
    buttons = [[Button(label=str(ctx.texts.say(M.GROUP_GO)), url=url)]] if url else []
    return draft.reply(buttons, visibility=Visibility.CONVERSATION)
