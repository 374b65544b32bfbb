"""Commands: how they are read from what people type, what is known of them, who handles them."""

from bot.commands.context import Context, Services
from bot.commands.naming import ByName, ByTitle, Handle, Keyword, Names, read_names, strip_copied
from bot.commands.parsing import Command, parse
from bot.commands.phrases import Phrase, read_phrase
from bot.commands.spec import CommandSpec, Handler, Router, build_router

__all__ = [
    "ByName",
    "ByTitle",
    "Command",
    "CommandSpec",
    "Context",
    "Handle",
    "Handler",
    "Keyword",
    "Names",
    "Phrase",
    "Router",
    "Services",
    "build_router",
    "parse",
    "read_names",
    "read_phrase",
    "strip_copied",
]
