"""The catalogues: sentences by language, and what babel knows of dates."""

import gettext
import io
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib import resources

from babel import Locale
from babel.dates import format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

from bot.texts.filling import fill

LANGUAGES = ("en", "ru")
"""In both of them every sentence exists; a test compares the catalogues."""

_LOCALES = {"en": "en_GB", "ru": "ru_RU"}


@lru_cache(maxsize=len(LANGUAGES))
def locale_of(language: str) -> Locale:
    """How dates and spans of time are written in a language."""
    return Locale.parse(_LOCALES[language])


@lru_cache(maxsize=1000)
def day_in_words(skeleton: str, day: date, language: str) -> str:
    """A day in words; the same few are asked for again and again."""
    return format_skeleton(skeleton, day, locale=locale_of(language))


@lru_cache(maxsize=2000)
def unfilled(language: str, message: str) -> Markup:
    """A sentence without values, of which there are no more than the catalogues have."""
    return fill(sentence(language, message, {}), {})


def sentence(language: str, message: str, values: Mapping[str, object]) -> str:
    """A sentence with its places still empty; one with plural forms goes by the value `count`."""
    catalogue, counted = _catalogue(language)
    if message not in counted:
        return catalogue.gettext(message)
    return catalogue.ngettext(message, message, int(str(values["count"])))


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> tuple[gettext.GNUTranslations, frozenset[str]]:
    """Read a catalogue; the .po file is the only copy, so nothing can be out of date.

    Returns:
        It, and the ids of the sentences with plural forms.
    """
    source = resources.files("bot").joinpath("locales", f"{language}.po").read_bytes()
    sentences = read_po(io.BytesIO(source), locale=language)
    counted = frozenset(str(entry.id[0]) for entry in sentences if entry.pluralizable)
    compiled = io.BytesIO()
    write_mo(compiled, sentences)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled), counted
