"""/log, /export and /forget: what is kept about a person, for that person alone."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import Context, Router
from bot.domain.accounts import AccountKind
from bot.domain.chat import Button, Reply
from bot.texts import UNNAMED, Draft, M, add_change

router = Router()

_ASKED_ONCE, _ASKED_TWICE, _KEEP = "me", "everything", "-"


@router.command("log", summary=M.HELP_LOG, aliases=("журнал", "история"))
async def log(ctx: Context) -> Sequence[Reply]:
    """Show the person's last changes."""
    changes = await ctx.services.personal.last_changes(ctx.caller)
    if not changes:
        return [ctx.draft().add(M.LOG_NOTHING).reply()]
    draft = ctx.draft().add(M.LOG_TITLE, zone=ctx.texts.zone)
    now = ctx.services.clock.now()
    for change in changes:
        add_change(draft, change, now)
    return [draft.reply()]


@router.command("export", summary=M.HELP_EXPORT, aliases=("выгрузить", "экспорт"))
async def export(ctx: Context) -> Sequence[Reply]:
    """Hand out everything that is kept about the person."""
    document = await ctx.services.personal.export(ctx.caller)
    return [replace(ctx.draft().add(M.EXPORT_DONE).reply(), document=document)]


@router.command("forget", summary=M.HELP_FORGET, aliases=("забыть",))
async def forget(ctx: Context) -> Sequence[Reply]:
    """Delete everything about the person, after two questions that only buttons answer."""
    step = ctx.command.args if ctx.command.confirmed else ()
    if step == (_ASKED_TWICE,):
        return [await _farewell(ctx)]
    if step == (_ASKED_ONCE,):
        return [await _last_question(ctx)]
    if ctx.command.args == (_KEEP,):
        return [ctx.draft().add(M.FORGET_KEPT).reply()]
    draft = ctx.draft().add(M.FORGET_ASK).add(M.FORGET_UNCHANGED)
    return [_question(ctx, draft, M.FORGET_YES, _ASKED_ONCE)]


async def _last_question(ctx: Context) -> Reply:
    holdings = await ctx.services.personal.holdings(ctx.caller)
    draft = ctx.draft().add(M.FORGET_SURE)
    for account in holdings.accounts:
        provider, place = ctx.texts.provider(account.provider), account.place or UNNAMED
        draft.add(M.FORGET_ACCOUNT, provider=provider, place=place)
    draft.add(M.FORGET_JOURNAL, count=holdings.changes)
    draft.add(M.FORGET_MESSAGES, count=holdings.messages, buttons=holdings.buttons)
    if holdings.numbers:
        draft.add(M.FORGET_NUMBERS, count=holdings.numbers)
    if holdings.presence:
        draft.add(M.FORGET_PRESENCE)
    if holdings.cards:
        draft.add(M.FORGET_CARDS)
    draft.add(M.FORGET_PERSON).add(M.FORGET_STAYS).add(M.FORGET_UNCHANGED)
    return _question(ctx, draft, M.FORGET_SURE_YES, _ASKED_TWICE)


async def _farewell(ctx: Context) -> Reply:
    released = await ctx.services.personal.release_accounts(ctx.caller)
    draft = ctx.draft().add(M.FORGET_DONE)
    for unlinked in released.unlinked:
        provider = ctx.texts.provider(unlinked.account.provider)
        if unlinked.ended is False:
            draft.add(M.FORGET_END_IT_THERE, provider=provider)
        elif unlinked.account.kind is not AccountKind.OAUTH:
            draft.add(M.FORGET_DELETE_THERE, provider=provider)
    for account in released.staying:
        draft.add(M.FORGET_ENVIRONMENT, provider=ctx.texts.provider(account.provider))
    return replace(draft.reply(), farewell=True)


def _question(ctx: Context, draft: Draft, yes: M, step: str) -> Reply:
    no = Button(label=str(ctx.texts.say(M.FORGET_NO)), command_line=f"/forget {_KEEP}")
    go_on = Button(label=str(ctx.texts.say(yes)), command_line=f"/forget {step}", confirms=True)
    return draft.reply([[go_on], [no]])
