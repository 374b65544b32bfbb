"""Telegram's HTML, and what it finds in plain text by itself.

Offsets and lengths of entities count UTF-16 code units.
https://core.telegram.org/bots/api#html-style
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.rows import Json, User
from bot.sandbox.telegram.views import user_json

_TYPES = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_SPECIAL = re.compile(r"<|&(?:lt|gt|amp|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6})(?![a-zA-Z]);?")
_NAME = re.compile(r"</?([^\s>]*)")
_ATTRIBUTE = re.compile(r"""\s+([^\s=>/"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[A-Za-z0-9.\-]+))?""")
_END = re.compile(r"\s*>")
# The same as in Telegram's clients: Latin letters, digits and underscores only.
_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")
_MENTION = re.compile(r"(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")
_USER_LINK = re.compile(r"tg:(?://)?user\?id=([1-9][0-9]{0,17})", re.IGNORECASE)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


@dataclass(slots=True)
class _Open:
    tag: str
    offset: int
    attributes: dict[str, str]


def _refuse(why: str) -> ApiError:
    return ApiError.bad_request(f"can't parse entities: {why}")


class _HtmlReader:
    """One pass over a text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._plain: list[str] = []
        self._offset = 0
        self._open: list[_Open] = []
        self._entities: list[Json] = []

    def read(self) -> tuple[str, list[Json]]:
        position = 0
        while found := _SPECIAL.search(self._source, position):
            self._put(self._source[position : found.start()])
            if found.group() == "<":
                position = self._tag(found.start())
            else:
                self._put(html.unescape(found.group().rstrip(";") + ";"))
                position = found.end()
        self._put(self._source[position:])
        if self._open:
            tag = self._open[-1].tag
            raise _refuse(f'Can\'t find end tag corresponding to start tag "{tag}"')
        self._entities.sort(key=_by_place)
        return "".join(self._plain), self._entities

    def _put(self, text: str) -> None:
        self._plain.append(text)
        self._offset += utf16_length(text)

    def _tag(self, start: int) -> int:
        """Read a tag and say where the text goes on."""
        at = len(self._source[:start].encode())
        named = _NAME.match(self._source, start)
        assert named is not None  # noqa: S101 - it matches every "<"
        name = named.group(1).lower()
        if named.group().startswith("</"):
            return self._close(name, named.end(), at)
        if named.end() == len(self._source):
            raise _refuse(f"Unclosed start tag at byte offset {at}")
        if name not in _TYPES:
            raise _refuse(f'Unsupported start tag "{name}" at byte offset {at}')
        position, attributes = named.end(), {}
        while attribute := _ATTRIBUTE.match(self._source, position):
            value = (attribute.group(2) or "").strip("\"'")
            attributes[attribute.group(1)] = html.unescape(value)
            position = attribute.end()
        end = _END.match(self._source, position)
        if end is None:
            raise _refuse(f'Unclosed start tag "{name}" at byte offset {at}')
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _refuse(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        self._open.append(_Open(name, self._offset, attributes))
        return end.end()

    def _close(self, name: str, position: int, at: int) -> int:
        if not self._open:
            raise _refuse(f"Unexpected end tag at byte offset {at}")
        end = _END.match(self._source, position)
        if end is None:
            raise _refuse(f"Unclosed end tag at byte offset {at}")
        tag = self._open[-1].tag
        if name and name != tag:
            raise _refuse(
                f'Unmatched end tag at byte offset {at}, expected "</{tag}>", found "</{name}>"'
            )
        opened = self._open.pop()
        if self._offset > opened.offset:
            self._add(opened)
        return end.end()

    def _add(self, opened: _Open) -> None:
        entity: Json = {
            "offset": opened.offset,
            "length": self._offset - opened.offset,
            "type": _TYPES[opened.tag],
        }
        if opened.tag == "a":
            if not opened.attributes.get("href"):
                return
            entity["url"] = opened.attributes["href"]
        self._entities.append(entity)


def _by_place(entity: Json) -> tuple[int, int]:
    offset, length = entity["offset"], entity["length"]
    return (offset, -length) if isinstance(offset, int) and isinstance(length, int) else (0, 0)


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Turn HTML into plain text and entities.

    Of `pre` with a language, custom emoji and time tags only the place is kept.

    Raises:
        ApiError: Telegram would not take it.
    """
    if "<" not in source and "&" not in source:
        return source, []
    return _HtmlReader(source).read()


def mention(entities: Iterable[Json], users: Mapping[int, User]) -> list[Json]:
    """Turn links to users into mentions; of somebody whom nobody knows nothing is left.

    https://core.telegram.org/bots/api#formatting-options
    """
    read = []
    for entity in entities:
        link = _USER_LINK.fullmatch(str(entity.get("url", "")))
        if link is None or entity.get("type") != "text_link":
            read.append(entity)
        elif user := users.get(int(link.group(1))):
            place = {key: value for key, value in entity.items() if key != "url"}
            read.append({**place, "type": "text_mention", "user": user_json(user)})
    return read


def trim(plain: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Take white space off both ends, as the server does, and move the entities along."""
    trimmed = plain.strip()
    if trimmed == plain:
        return plain, entities
    cut = len(plain) - len(plain.lstrip())
    end = utf16_length(trimmed)
    moved = []
    for entity in entities:
        offset, length = entity["offset"], entity["length"]
        if isinstance(offset, int) and isinstance(length, int):
            start, stop = max(0, offset - cut), min(end, offset - cut + length)
            if stop > start:
                moved.append({**entity, "offset": start, "length": stop - start})
    return trimmed, moved


def found_entities(plain: str) -> list[Json]:
    """Commands and mentions in what a person typed."""
    entities: list[Json] = []
    for pattern, kind in ((_COMMAND, "bot_command"), (_MENTION, "mention")):
        if ("/" if kind == "bot_command" else "@") not in plain:
            continue
        for found in pattern.finditer(plain):
            offset = utf16_length(plain[: found.start()])
            entities.append({"offset": offset, "length": len(found.group()), "type": kind})
    return sorted(entities, key=_by_place)


def leading_command(plain: str) -> tuple[str, str] | None:
    """The command that a text begins with, as (name, mentioned bot or "")."""
    found = _COMMAND.match(plain)
    if found is None:
        return None
    name, _, mention = found.group()[1:].partition("@")
    return name, mention
