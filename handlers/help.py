"""/start and /help."""

from collections.abc import Sequence
from dataclasses import replace

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


@router.command("start", summary=M.HELP_START, aliases=("старт", "начать"))
async def start(ctx: Context) -> Sequence[Reply]:
    """Say hello and what to try first, or bring the reply that a deep link leads to."""
    if ctx.command.args:
        reply = await ctx.services.replies.find(ctx.caller.identity, ctx.command.args[0])
        if reply is not None:
            return [reply]
        spec = ctx.router.find(ctx.command.args[0])
        if spec is not None and spec.private:
            command = replace(ctx.command, name=spec.name, args=())
            return await spec.handler(replace(ctx, command=command))
    draft = ctx.draft().add(M.START_HELLO).add(M.START_TRY, id=651).add(M.START_MORE)
    draft.add(M.START_YOUR_ID, identity=ctx.caller.identity)
    return [draft.reply(visibility=Visibility.CONVERSATION)]
