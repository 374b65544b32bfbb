"""/team: the presence of those in the group who agreed to be shown there."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.commands import Command, Context, Router
from bot.domain.chat import Button, Reply, Visibility
from bot.domain.inbox import Person
from bot.domain.presence import Presence
from bot.errors import TELLABLE, BotError
from bot.services.keeping import Done
from bot.texts import Draft, M, Texts, add_team_member

router = Router()

_ON = frozenset({"on", "вкл"})
_OFF = frozenset({"off", "выкл"})


@router.command("team", summary=M.HELP_TEAM, aliases=("команда", "кто_на_месте"))
async def team(ctx: Context) -> Sequence[Reply]:
    """Show who is online; `on` and `off` are about whoever says them, and nobody else."""
    word = ctx.command.args[0].lower() if ctx.command.args else ""
    in_group = ctx.message.conversation.is_group
    if word in _OFF and not in_group:
        await ctx.services.groups.hide_everywhere(ctx.caller.identity)
        return [ctx.draft().add(M.TEAM_HIDDEN_ALL).reply()]
    if not in_group:
        return [ctx.draft().add(M.TEAM_ONLY_GROUPS).reply()]
    if word in _ON | _OFF:
        chosen = await _choose(ctx, shown=word in _ON)
        if ctx.command.pressed and M.TEAM_NOT_LINKED not in chosen.said:
            # The list under which the button stands is true again; who pressed reads the rest.
            return [replace(await _team(ctx), alert=str(chosen.text.striptags()))]
        return [chosen]
    return [await _team(ctx)]


async def _choose(ctx: Context, *, shown: bool) -> Reply:
    groups, who = ctx.services.groups, ctx.caller.identity
    if shown and not await ctx.services.presences.has_account(who):
        return ctx.draft().add(M.TEAM_NOT_LINKED).reply()
    known = await groups.membership(ctx.message.conversation, who)
    await groups.remember(replace(known, shown=shown))
    return ctx.draft().add(M.TEAM_SHOWN if shown else M.TEAM_HIDDEN).reply()


async def _team(ctx: Context) -> Reply:
    where = ctx.message.conversation
    known = await ctx.services.groups.members_of(where)
    agreed = await ctx.services.groups.present(where, [one for one in known if one.shown])
    found = await asyncio.gather(*(_read(ctx, one) for one in agreed))
    texts = await ctx.services.groups.texts_for(where, ctx.texts)
    now = ctx.services.clock.now()
    draft = Draft(texts).add(M.TEAM_TITLE)
    shown = [(one, done) for one, done in zip(agreed, found, strict=True) if done is not None]
    for one, done in sorted(shown, key=lambda pair: pair[0].name.casefold()):
        _add(draft, texts, one, done, now)
    if not shown:
        draft.add(M.TEAM_NOBODY)
    draft.blank().add(M.TEAM_HOW)
    return draft.reply([_buttons(texts)], visibility=Visibility.CONVERSATION)


async def _read(ctx: Context, one: Person) -> Done | BotError | None:
    """Their presence by their own account; None if they have none any more."""
    try:
        return await ctx.services.presences.of(one.identity, ctx.caller.deadline)
    except TELLABLE as error:
        return error


def _add(draft: Draft, texts: Texts, one: Person, done: Done | BotError, now: datetime) -> None:
    if not isinstance(done, Done):
        add_team_member(draft, one.name, None, "")
        return
    held, claim = done.state.presence, done.ledger.deciding(now)
    until = ""
    if claim is not None and claim.ends_at is not None and claim.presence is held:
        until = texts.until(claim.ends_at, now)
    add_team_member(draft, one.name, held or Presence.ONLINE, until)


def _buttons(texts: Texts) -> Sequence[Button]:
    return [
        Button(
            label=str(texts.say(label)),
            command_line=Command(name="team", args=(word,)).line,
            personal=False,
        )
        for label, word in ((M.BUTTON_SHOW_ME, "on"), (M.BUTTON_HIDE_ME, "off"))
    ]
