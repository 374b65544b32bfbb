"""/link, /unlink and /me: a person's own sign-ins."""

import asyncio
import re
from collections.abc import Sequence

from bot.commands import Context, Router
from bot.domain.accounts import Account, AccountKind, AccountState
from bot.domain.chat import Button, Reply
from bot.domain.presence import PresenceState
from bot.domain.providers import Provider
from bot.domain.sign_ins import Standing
from bot.errors import TELLABLE, BotError, ProviderAuthError, UserError
from bot.services.linking import PastedKey, Unlinked
from bot.texts import UNNAMED, Draft, M, add_linked, add_presence, on_one_line, shown

router = Router()

_NAME_LIMIT = 40


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
    return [(await _link_pasted(ctx, key)).add(advice).reply()]


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


async def _link_pasted(ctx: Context, key: PastedKey) -> Draft:
    draft = ctx.draft()
    try:
        account = await ctx.services.linking.link(ctx.caller, key)
    except ProviderAuthError:
        return draft.add(M.LINK_REFUSED, provider=key.provider)
    except TELLABLE as error:
        return ctx.explain(draft, error, key.provider)
    return add_linked(draft, account)


async def _presence(ctx: Context) -> PresenceState | None:
    """None if it cannot be found out; why, the account's own line says."""
    try:
        return await ctx.services.presences.show(ctx.caller)
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
    draft = ctx.draft()
    accounts = await ctx.services.linking.of(ctx.caller)
    draft.add(M.LINK_LINKED if accounts else M.LINK_NOTHING)
    for account in accounts:
        if account.kind is AccountKind.ENVIRONMENT:
            draft.add(M.LINK_ENVIRONMENT, provider=ctx.texts.provider(account.provider))
        else:
            dead = account.state is AccountState.SIGN_IN_AGAIN
            draft.add(M.LINK_ACCOUNT_DEAD if dead else M.LINK_ACCOUNT, **shown(ctx.texts, account))
    rows = [[await _sign_in_button(ctx, provider)] for provider in ctx.services.sign_ins.consents]
    draft.blank()
    if rows:
        return draft.add(M.LINK_HOW_SIGN_IN).reply(rows)
    draft.add(M.LINK_HOW_BITRIX24).add(M.LINK_HOW_CRONOFY).add(M.LINK_IS_A_KEY)
    return draft.add(M.LINK_OPERATOR_COULD).reply()


async def _sign_in_button(ctx: Context, provider: Provider) -> Button:
    url = await ctx.services.sign_ins.offer(ctx.caller, provider, _asker(ctx), ctx.texts.language)
    label = ctx.texts.say(M.LINK_SIGN_IN, provider=ctx.texts.provider(provider))
    return Button(label=str(label), url=url)


def _asker(ctx: Context) -> str:
    """All by which somebody else would know the person who asks.

    People name themselves as they like, so a name is kept short and cannot look like a handle.
    """
    person = ctx.message.sender
    handle = f"@{person.handle}" if person.handle else person.user_id
    name = on_one_line(re.sub(r"[@()]", " ", person.display_name), _NAME_LIMIT)
    return f"{name} ({handle})" if name else handle
