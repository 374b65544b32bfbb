"""Domain objects as JSON text and back.

Rows outlive a release, so a new field of a stored class needs a default.
"""

from datetime import date, datetime, time
from typing import TypeVar

from cattrs.preconf.json import make_converter
from markupsafe import Markup

T = TypeVar("T")

_converter = make_converter(omit_if_default=True)
_converter.register_structure_hook(Markup, lambda value, _: Markup(value))  # noqa: S704 - our own
_converter.register_unstructure_hook(Markup, str)
_converter.register_structure_hook(
    datetime | date,
    lambda value, _: _moment(value),
)
_converter.register_unstructure_hook(date, lambda value: value.isoformat())
_converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
_converter.register_unstructure_hook(time, lambda value: value.isoformat())
_converter.register_structure_hook(time, lambda value, _: time.fromisoformat(value))


def _moment(text: str) -> datetime | date:
    """An event's time: a moment, or a plain date if it is all day."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def dump(value: object) -> str:
    """Write an object."""
    return _converter.dumps(value)


def load(text: str, kind: type[T]) -> T:
    """Read an object that `dump` wrote."""
    return _converter.loads(text, kind)
