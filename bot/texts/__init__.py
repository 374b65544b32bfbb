"""Every sentence a person can read: message ids, the catalogues, and how times are written."""

from bot.texts.accounts import UNNAMED, add_accounts, add_linked, add_ways_to_link, shown
from bot.texts.cards import add_card, add_reach, card, card_buttons
from bot.texts.catalogue import LANGUAGES
from bot.texts.days import read_days, read_weekday
from bot.texts.errors import explain
from bot.texts.events import HELD, add_answer, add_headline
from bot.texts.group_cards import (
    add_roster,
    add_team_member,
    closed_card,
    group_card,
    names_in_line,
    silent_guests,
    stale_card,
)
from bot.texts.ids import M
from bot.texts.journal import add_change
from bot.texts.languages import native_name, read_language
from bot.texts.lists import Page, agenda, choices, invitations
from bot.texts.presence import (
    add_automation,
    add_held,
    add_later,
    add_news,
    add_presence,
    add_reasons,
    end_buttons,
    presence_buttons,
)
from bot.texts.words import Draft, Texts, choose_language, on_one_line
from bot.texts.zones import add_told_zone, likely_zones, local_time, zone_buttons

__all__ = [
    "HELD",
    "LANGUAGES",
    "UNNAMED",
    "Draft",
    "M",
    "Page",
    "Texts",
    "add_accounts",
    "add_answer",
    "add_automation",
    "add_card",
    "add_change",
    "add_headline",
    "add_held",
    "add_later",
    "add_linked",
    "add_news",
    "add_presence",
    "add_reach",
    "add_reasons",
    "add_roster",
    "add_team_member",
    "add_told_zone",
    "add_ways_to_link",
    "agenda",
    "card",
    "card_buttons",
    "choices",
    "choose_language",
    "closed_card",
    "end_buttons",
    "explain",
    "group_card",
    "invitations",
    "likely_zones",
    "local_time",
    "names_in_line",
    "native_name",
    "on_one_line",
    "presence_buttons",
    "read_days",
    "read_language",
    "read_weekday",
    "shown",
    "silent_guests",
    "stale_card",
    "zone_buttons",
]
