"""Domain objects as JSON text and back.

Rows outlive a release, so a new field of a stored class needs a default.
"""

import json
from datetime import date, datetime, time
from typing import Any, TypeVar

import orjson
from cattrs.preconf.orjson import make_converter
from markupsafe import Markup

T = TypeVar("T")

_converter = make_converter(omit_if_default=True)
_converter.register_structure_hook(Markup, lambda value, _: Markup(value))  # noqa: S704 - our own
_converter.register_unstructure_hook(Markup, str)
_converter.register_structure_hook(
    datetime | date,
    lambda value, _: _moment(value),
)
_converter.register_structure_hook(time, lambda value, _: time.fromisoformat(value))


def _moment(text: str) -> datetime | date:
    """An event's time: a moment, or a plain date if it is all day."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def dump(value: object) -> str:
    """Write an object; equal objects give equal texts."""
    plain = _converter.unstructure(value)
    try:
        return orjson.dumps(plain).decode()
    except TypeError:
        # A lone surrogate in somebody's title; only escaped can it be stored.
        return json.dumps(plain, separators=(",", ":"), default=_text_of)


def _text_of(value: date | time) -> str:
    return value.isoformat()


def load(text: str, kind: type[T]) -> T:
    """Read an object that `dump` wrote."""
    try:
        plain: Any = orjson.loads(text)
    except ValueError:
        plain = json.loads(text)
    return _converter.structure(plain, kind)
