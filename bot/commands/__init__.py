"""Commands: how they are read from what people type, what is known of them, who handles them."""

from bot.commands.context import Context, Services
from bot.commands.hours import read_hours
from bot.commands.listings import invitations_reply, nothing_read
from bot.commands.meant import named, names_nothing
from bot.commands.naming import is_everything, read_names
from bot.commands.parsing import Command, parse
from bot.commands.phrases import Phrase, read_phrase
from bot.commands.places import check_place, for_the_group
from bot.commands.presence_phrases import PresencePhrase, read_presence
from bot.commands.refusals import refused, signed
from bot.commands.spans import before_name, read_span
from bot.commands.spec import CommandSpec, Handler, Router, build_router

__all__ = [
    "Command",
    "CommandSpec",
    "Context",
    "Handler",
    "Phrase",
    "PresencePhrase",
    "Router",
    "Services",
    "before_name",
    "build_router",
    "check_place",
    "for_the_group",
    "invitations_reply",
    "is_everything",
    "named",
    "names_nothing",
    "nothing_read",
    "parse",
    "read_hours",
    "read_names",
    "read_phrase",
    "read_presence",
    "read_span",
    "refused",
    "signed",
]
