"""Both catalogues hold every sentence, with the same values and with markup that is known."""

import re
import string
from importlib import resources

import pytest
from babel.messages.pofile import read_po

from bot.texts import LANGUAGES, M

PLURALS = {"en": 2, "ru": 3}


def _forms(language: str) -> dict[str, tuple[str, ...]]:
    """A sentence in all its plural forms; most have but one."""
    with resources.files("bot").joinpath("locales", f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    forms: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if isinstance(message.id, tuple | list) and isinstance(message.string, tuple | list):
            forms[message.id[0]] = tuple(message.string)
        elif message.id:
            forms[str(message.id)] = (str(message.string),)
    return forms


def _catalogue(language: str) -> dict[str, str]:
    return {key: "\n".join(forms) for key, forms in _forms(language).items()}


def _values(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_holds_each_message_id_once_and_nothing_else(language: str) -> None:
    catalogue = _catalogue(language)

    assert set(catalogue) == {message.value for message in M}
    assert len(M) > 90


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_counted_sentence_has_every_plural_form_and_the_same_values_in_each(
    language: str,
) -> None:
    others = {key for other in LANGUAGES for key, forms in _forms(other).items() if forms[1:]}
    assert others
    for key in others:
        forms = _forms(language)[key]
        assert len(forms) == PLURALS[language], key
        # "this event" needs no number; every other form has one.
        assert len({frozenset(_values(form) - {"count"}) for form in forms}) == 1, key
        assert all("count" in _values(form) for form in forms[1:]), key


@pytest.mark.parametrize("message", list(M))
def test_a_sentence_has_the_same_values_in_every_language(message: M) -> None:
    used = {language: _values(_catalogue(language)[message]) for language in LANGUAGES}

    assert len({frozenset(values) for values in used.values()}) == 1, used


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_and_tags_are_known_and_closed_on_their_line(language: str) -> None:
    checked = 0
    for sentence in _catalogue(language).values():
        assert sentence.strip() == sentence
        assert sentence
        for line in sentence.split("\n"):
            opened: list[str] = []
            for closing, tag in re.findall(r"<(/?)(\w*)[^>]*>", line):
                assert tag in {"b", "i", "code"}
                if closing:
                    assert opened.pop() == tag
                else:
                    opened.append(tag)
                    checked += 1
            assert opened == []
    assert checked > 30


def test_russian_is_really_russian() -> None:
    english, russian = _catalogue("en"), _catalogue("ru")
    same = {
        key
        for key in russian
        if russian[key] == english[key] and re.search("[A-Za-z]{3}", _without_values(russian[key]))
    }

    assert same == {"provider.cronofy", "platform.telegram"}


def _without_values(sentence: str) -> str:
    return re.sub(r"{\w+}|</?\w+>", "", sentence)
