"""/help."""

from collections.abc import Sequence

from bot.commands import Context, Router
from bot.domain.chat import Reply, Visibility
from bot.texts import M

router = Router()


@router.command("help", summary=M.HELP_HELP, aliases=("помощь", "справка", "команды"))
async def show_help(ctx: Context) -> Sequence[Reply]:
    """List all commands, from the router's own specs."""
    draft = ctx.draft().add(M.HELP_TITLE)
    for spec in ctx.router.specs:
        draft.add(M.HELP_LINE, usage=spec.usage, summary=ctx.texts.say(spec.summary))
    draft.blank().add(M.HELP_IDS)
    return [draft.reply(visibility=Visibility.CONVERSATION)]
