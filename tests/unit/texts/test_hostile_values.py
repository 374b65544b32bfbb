"""Whatever a value holds, a sentence keeps its shape: every sentence, in both languages."""

import re
import string
from datetime import UTC, datetime

import pytest
from markupsafe import Markup

from bot.domain.participation import Event, EventRef
from bot.domain.providers import Provider
from bot.domain.zones import zone_of
from bot.texts import LANGUAGES, M, Texts
from tests.unit.texts.test_catalogues import _forms, _values

HOSTILE = {
    "markup": "<b>bold</i> <a href='https://evil.example'>",
    "bracket": "] ) * _ ` [",
    "entity": "&amp; &lt;b&gt;",
    "emoji": "👩\u200d💻👍🏽🇩🇪",
    "right to left": "פגישה \u202eevil مراجعة",
    "long": "x" * 500,
    "line breaks": "one\ntwo\r\nthree\u2028four\n",
    "braces": "{x} {0} {count} %s",
}
COUNTS = (0, 1, 2, 5, 11, 21, 100)
TITLE_LIMIT = 120
TAG = re.compile(r"</?[a-z]+>")


def _sentences(language: str) -> dict[str, tuple[str, ...]]:
    found = _forms(language)
    assert set(found) == {message.value for message in M}
    return found


def _own_tags(sentence: str) -> list[str]:
    return TAG.findall(sentence)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_sentence_keeps_its_own_tags_and_no_others(language: str, value: str) -> None:
    filled = 0
    texts = Texts(language, zone_of("Europe/Berlin"))
    for message, forms in _sentences(language).items():
        names = _values(forms[0])
        for count in COUNTS if len(forms) > 1 else COUNTS[:1]:
            said = texts.say(message, **{**dict.fromkeys(names, value), "count": count})
            filled += bool(names)
            _assert_shape(str(said), forms, value)
    assert filled > 150


def _assert_shape(said: str, forms: tuple[str, ...], value: str) -> None:
    assert _own_tags(said) in [_own_tags(form) for form in forms], said
    assert len(said.split("\n")) == len(forms[0].split("\n")), said
    for line in said.split("\n"):
        opened: list[str] = []
        for tag in _own_tags(line):
            if tag.startswith("</"):
                assert opened.pop() == tag.replace("/", ""), said
            else:
                opened.append(tag)
        assert opened == [], said
    words = str(Markup.escape(" ".join(value.splitlines())))
    left = said.replace(words, "")
    assert not re.search("[{}]", left), said
    assert "<" not in TAG.sub("", said), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_counted_sentence_says_its_number_in_the_form_that_belongs_to_it(language: str) -> None:
    texts = Texts(language, zone_of("UTC"))
    counted = {key: forms for key, forms in _sentences(language).items() if len(forms) > 1}
    assert counted
    for message, forms in counted.items():
        names = _values(forms[0]) - {"count"}
        for count in COUNTS:
            said = texts.say(message, count=count, **dict.fromkeys(names, "x"))
            form = forms[_form(language, count)]
            assert said == string.Formatter().vformat(
                form, (), {"count": count, **dict.fromkeys(names, "x")}
            )


def _form(language: str, count: int) -> int:
    """Which plural form a number takes, by hand."""
    if language == "en":
        return 0 if count == 1 else 1
    return {0: 2, 1: 0, 2: 1, 5: 2, 11: 2, 21: 0, 100: 2}[count]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("title", [*HOSTILE.values(), "ש" * 500, "", "\n"])
def test_a_title_is_short_and_on_one_line(language: str, title: str) -> None:
    event = Event(
        ref=EventRef(provider=Provider.BITRIX24, event_id="651"),
        title=title,
        starts_at=datetime(2026, 3, 5, 14, 0, tzinfo=UTC),
        ends_at=datetime(2026, 3, 5, 15, 0, tzinfo=UTC),
    )

    shown = Texts(language, zone_of("UTC")).title(event)

    assert 0 < len(shown) <= TITLE_LIMIT
    assert shown.splitlines() == [shown]
    assert "\u202e" not in shown
    assert shown.count("\u2068") == shown.count("\u2069")
