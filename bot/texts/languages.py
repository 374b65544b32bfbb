"""The languages that we speak, by their own names and by those that others give them."""

from functools import cache

from babel import Locale

from bot.texts.catalogue import LANGUAGES


def native_name(language: str) -> str:
    """What a language calls itself, as on a button."""
    return _name(language, language).capitalize()


def read_language(word: str) -> str:
    """The language that somebody means, by code or by name; empty if we do not speak it."""
    wanted = word.casefold()
    for language in LANGUAGES:
        names = (_name(language, spoken).casefold() for spoken in LANGUAGES)
        if wanted == language or wanted in names:
            return language
    return ""


@cache
def _name(language: str, spoken: str) -> str:
    """What a language is called in another; CLDR has a name for each of ours."""
    return str(Locale.parse(spoken).languages[language])
