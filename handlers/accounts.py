"""/link, /unlink and /me: a person's own sign-ins."""

import asyncio
from collections.abc import Sequence

from bot.commands import Context, Router
from bot.domain.accounts import Account, AccountKind, AccountState
from bot.domain.chat import Button, Reply
from bot.errors import TELLABLE, BotError, UserError
from bot.ports import Standing
from bot.texts import Draft, M

router = Router()

_UNNAMED = "—"


@router.command("link", summary=M.HELP_LINK)
async def link(ctx: Context) -> Sequence[Reply]:
    """Link what was pasted; without anything, tell what is linked and how to go on."""
    if not ctx.command.args:
        return [await _overview(ctx)]
    deleted = await ctx.services.linking.delete_message(ctx.message)
    draft = await _link_pasted(ctx, ctx.command.args[0])
    return [draft.add(M.LINK_DELETED if deleted else M.LINK_DELETE_IT).reply()]


@router.command("unlink", summary=M.HELP_UNLINK)
async def unlink(ctx: Context) -> Sequence[Reply]:
    """Forget an account, chosen and so confirmed by a button."""
    if ctx.command.confirmed and ctx.command.args:
        account = await ctx.services.linking.unlink(ctx.caller, ctx.command.args[0])
        draft = ctx.draft().add(M.UNLINK_DONE, **_shown(ctx, account))
        if account.kind is not AccountKind.OAUTH:
            draft.add(M.UNLINK_DELETE_THERE, provider=ctx.texts.provider(account.provider))
        return [draft.reply()]
    if ctx.command.args:
        return [ctx.draft().add(M.UNLINK_KEPT).reply()]
    accounts = await ctx.services.linking.of(ctx.caller)
    if not accounts:
        return [ctx.draft().add(M.UNLINK_NOTHING).reply()]
    rows = [
        [
            Button(
                label=str(ctx.texts.say(M.UNLINK_YES, **_shown(ctx, account)).unescape()),
                command_line=f"/unlink {account.account_id}",
                confirms=True,
            )
        ]
        for account in accounts
    ]
    keep = Button(label=str(ctx.texts.say(M.UNLINK_NO)), command_line="/unlink -")
    return [ctx.draft().add(M.UNLINK_WHICH).reply([*rows, [keep]])]


@router.command("me", summary=M.HELP_ME)
async def me(ctx: Context) -> Sequence[Reply]:
    """Who the person is at each provider, asked now, side by side."""
    draft = ctx.draft().add(M.ME_IDENTITY, identity=ctx.caller.identity)
    accounts = await ctx.services.linking.of(ctx.caller)
    if not accounts:
        draft.add(M.LINK_NOTHING)
    found = await asyncio.gather(*(_examine(ctx, account) for account in accounts))
    for account, standing in zip(accounts, found, strict=True):
        _tell_standing(ctx, draft, account, standing)
    return [draft.add(M.ME_LANGUAGE, zone=ctx.texts.zone).reply()]


async def _link_pasted(ctx: Context, word: str) -> Draft:
    linking, draft = ctx.services.linking, ctx.draft()
    if ctx.message.conversation.is_group:
        return draft.add(M.LINK_IN_GROUP)
    try:
        key = linking.recognise(word)
    except UserError as error:
        return draft.add(error.message, **error.values)
    try:
        account = await linking.link(ctx.caller, key)
    except TELLABLE as error:
        return ctx.explain(draft, error, key.provider)
    draft.add(M.LINK_DONE, **_shown(ctx, account))
    return draft.add(M.LINK_RIGHTS, names=", ".join(account.scopes) or _UNNAMED)


async def _examine(ctx: Context, account: Account) -> Standing | BotError:
    try:
        return await ctx.services.linking.examine(ctx.caller, account)
    except TELLABLE as error:
        return error


def _tell_standing(
    ctx: Context, draft: Draft, account: Account, found: Standing | BotError
) -> None:
    if isinstance(found, BotError):
        draft.add(M.ME_BROKEN, **_shown(ctx, account))
        ctx.explain(draft, found, account.provider)
        return
    draft.add(
        M.ME_WORKS,
        provider=ctx.texts.provider(account.provider),
        name=found.name or _UNNAMED,
        place=found.place or _UNNAMED,
    )
    names = ", ".join(found.scopes) or _UNNAMED
    if account.linked_at is None:
        draft.add(M.ME_FROM_SETTINGS, names=names)
        return
    day = ctx.texts.day(account.linked_at, ctx.services.clock.now())
    draft.add(M.ME_SINCE, day=day, names=names)


async def _overview(ctx: Context) -> Reply:
    draft = ctx.draft()
    accounts = await ctx.services.linking.of(ctx.caller)
    draft.add(M.LINK_LINKED if accounts else M.LINK_NOTHING)
    for account in accounts:
        if account.kind is AccountKind.ENVIRONMENT:
            draft.add(M.LINK_ENVIRONMENT, provider=ctx.texts.provider(account.provider))
        else:
            dead = account.state is AccountState.SIGN_IN_AGAIN
            draft.add(M.LINK_ACCOUNT_DEAD if dead else M.LINK_ACCOUNT, **_shown(ctx, account))
    draft.blank().add(M.LINK_HOW_BITRIX24).add(M.LINK_HOW_CRONOFY)
    return draft.add(M.LINK_IS_A_KEY).reply()


def _shown(ctx: Context, account: Account) -> dict[str, str]:
    return {
        "provider": ctx.texts.provider(account.provider),
        "name": account.name or _UNNAMED,
        "place": account.place or _UNNAMED,
    }
