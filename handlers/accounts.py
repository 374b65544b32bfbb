"""/link, /unlink and /me: a person's own sign-ins."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.commands import Context, Router, parse
from bot.domain.accounts import Account, AccountKind
from bot.domain.chat import Button, Reply
from bot.domain.presence import PresenceState
from bot.domain.providers import Provider
from bot.domain.sign_ins import Standing
from bot.errors import TELLABLE, BotError, ProviderAuthError, UserError
from bot.services.linking import Unlinked
from bot.services.sign_in_offers import offer_sign_ins
from bot.texts import (
    UNNAMED,
    Draft,
    M,
    add_accounts,
    add_linked,
    add_presence,
    add_told_zone,
    add_ways_to_link,
    shown,
)

router = Router()


@router.command("link", summary=M.HELP_LINK, private=True, aliases=("привязать", "подключить"))
async def link(ctx: Context) -> Sequence[Reply]:
    """Link what was pasted; without anything, tell what is linked and how to go on."""
    in_group = ctx.message.conversation.is_group
    if not ctx.command.args:
        return [ctx.pointer(ctx.draft()) if in_group else await _overview(ctx)]
    deleted = await ctx.services.linking.delete_message(ctx.message)
    advice = M.LINK_DELETED if deleted else M.LINK_DELETE_IT
    if in_group:
        return [ctx.pointer(ctx.draft().add(M.LINK_IN_GROUP).add(advice))]
    try:
        key = ctx.services.linking.recognise(ctx.command.args[0])
    except UserError as error:
        draft = ctx.draft().add(error.message, **error.values)
        # What is no key at all need not be deleted by hand.
        return [(draft.add(advice) if deleted else draft).reply()]
    try:
        linked = await ctx.services.linking.link(ctx.caller, key)
    except ProviderAuthError:
        return [ctx.draft().add(M.LINK_REFUSED, provider=key.provider).add(advice).reply()]
    except TELLABLE as error:
        return [ctx.explain(ctx.draft(), error, key.provider).add(advice).reply()]
    draft = add_linked(ctx.draft(), linked.account)
    add_told_zone(draft, key.provider, linked.timezone, by_button=True)
    return [draft.add(advice).reply(), *await _go_on(ctx)]


@router.command("unlink", summary=M.HELP_UNLINK, private=True, aliases=("отвязать", "отключить"))
async def unlink(ctx: Context) -> Sequence[Reply]:
    """Forget an account, chosen and so confirmed by a button."""
    if ctx.message.conversation.is_group:
        return [ctx.pointer(ctx.draft())]
    if ctx.command.confirmed and ctx.command.args:
        return [_unlinked(ctx, await ctx.services.linking.unlink(ctx.caller, ctx.command.args[0]))]
    if ctx.command.args:
        return [ctx.draft().add(M.UNLINK_KEPT).reply()]
    accounts = await ctx.services.linking.of(ctx.caller)
    own = [account for account in accounts if account.kind is not AccountKind.ENVIRONMENT]
    if not own:
        nothing = M.UNLINK_ONLY_SETTINGS if accounts else M.UNLINK_NOTHING
        return [ctx.draft().add(nothing).reply()]
    rows = [
        [
            Button(
                label=str(ctx.texts.say(M.UNLINK_YES, **shown(ctx.texts, account)).unescape()),
                command_line=f"/unlink {account.account_id}",
                confirms=True,
            )
        ]
        for account in own
    ]
    keep = Button(label=str(ctx.texts.say(M.UNLINK_NO)), command_line="/unlink -")
    return [ctx.draft().add(M.UNLINK_WHICH).reply([*rows, [keep]])]


@router.command("me", summary=M.HELP_ME, private=True, aliases=("я", "кто_я"))
async def me(ctx: Context) -> Sequence[Reply]:
    """Who the person is at each provider, asked now, side by side."""
    if ctx.message.conversation.is_group:
        return [ctx.pointer(ctx.draft())]
    draft = ctx.draft().add(M.ME_IDENTITY, identity=ctx.caller.identity)
    accounts = await ctx.services.linking.of(ctx.caller)
    if not accounts:
        draft.add(M.LINK_NOTHING)
    presence, found = await asyncio.gather(
        _presence(ctx), asyncio.gather(*(_examine(ctx, account) for account in accounts))
    )
    for account, standing in zip(accounts, found, strict=True):
        _tell_standing(ctx, draft, account, standing)
    if presence is not None:
        add_presence(draft, presence)
    return [draft.add(M.ME_LANGUAGE, zone=ctx.texts.zone).reply()]


def _unlinked(ctx: Context, unlinked: Unlinked) -> Reply:
    account = unlinked.account
    provider = ctx.texts.provider(account.provider)
    draft = ctx.draft().add(M.UNLINK_DONE, **shown(ctx.texts, account))
    if unlinked.ended is not None:
        draft.add(
            M.UNLINK_ENDED_THERE if unlinked.ended else M.UNLINK_END_IT_THERE, provider=provider
        )
    else:
        by_consent = account.kind is AccountKind.OAUTH
        sentence = M.UNLINK_APP_STANDS if by_consent else M.UNLINK_DELETE_THERE
        draft.add(sentence, provider=provider)
    return draft.reply()


async def _go_on(ctx: Context) -> Sequence[Reply]:
    """What the person came for before they had to link an account."""
    command = parse(await ctx.services.memory.errand(ctx.message), "")
    spec = None if command is None else ctx.router.find(command.name)
    if command is None or spec is None:
        return ()
    try:
        return await spec.handler(replace(ctx, command=command))
    except TELLABLE as error:
        # The account is linked all the same, which is told beside this.
        return [ctx.explain(ctx.draft(), error, Provider.BITRIX24).reply()]


async def _presence(ctx: Context) -> PresenceState | None:
    """None if it cannot be found out; why, the account's own line says."""
    try:
        return (await ctx.services.presences.show(ctx.caller)).state
    except TELLABLE:
        return None


async def _examine(ctx: Context, account: Account) -> Standing | BotError:
    try:
        return await ctx.services.linking.examine(ctx.caller, account)
    except TELLABLE as error:
        return error


def _tell_standing(
    ctx: Context, draft: Draft, account: Account, found: Standing | BotError
) -> None:
    if isinstance(found, BotError):
        draft.add(M.ME_BROKEN, **shown(ctx.texts, account))
        ctx.explain(draft, found, account.provider)
        return
    draft.add(
        M.ME_WORKS,
        provider=ctx.texts.provider(account.provider),
        name=found.name or UNNAMED,
        place=found.place or UNNAMED,
    )
    names = ", ".join(found.scopes) or UNNAMED
    if account.linked_at is None:
        draft.add(M.ME_FROM_SETTINGS, names=names)
        return
    day = ctx.texts.day(account.linked_at, ctx.services.clock.now())
    draft.add(M.ME_SINCE, day=day, names=names)


async def _overview(ctx: Context) -> Reply:
    draft = add_accounts(ctx.draft(), await ctx.services.linking.of(ctx.caller)).blank()
    pages = await offer_sign_ins(
        ctx.services.sign_ins, ctx.caller, ctx.message.sender, ctx.texts.language
    )
    rows = add_ways_to_link(draft, pages)
    if ctx.message.press is not None:
        back = str(ctx.texts.say(M.SETTINGS_BACK))
        rows.append([Button(label=back, command_line="/settings")])
    return draft.reply(rows)
