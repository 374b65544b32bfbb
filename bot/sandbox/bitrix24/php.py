"""PHP's ways with values: every parameter and every answer of a portal goes through them."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,19})")
_NESTED_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")


def php_integer(value: object) -> int:
    """The cast to int: the number at the front, 0 without any."""
    if isinstance(value, bool | dict | list):
        return int(bool(value))
    match = _INTEGER.match(str(value))
    return int(match.group(1)) if match else 0


def php_empty(value: object) -> bool:
    """What `empty()` holds to be nothing; the opposite of PHP's truth."""
    return value in (None, "", "0", 0) or value in ([], {})


def php_text(value: object) -> str:
    """The cast to string."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    return "Array" if isinstance(value, dict | list) else str(value)


def php_values(value: object) -> list[object]:
    """The elements of an array, whether it came as a list or with keys; nothing else has any."""
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def php_json(mapping: Mapping[str, object]) -> object:
    """An array as `json_encode` writes it: keys 0, 1, 2 … make a list, and so do none at all."""
    if list(mapping) == [str(index) for index in range(len(mapping))]:
        return list(mapping.values())
    return mapping


def parse_query(text: str) -> dict[str, object]:
    """Read a query string or a form: `a[b]=c` nests, `a[]=x` appends."""
    return nest(parse_qsl(text, keep_blank_values=True))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Put pairs with PHP's keys into nested mappings; of equal keys the last one counts."""
    params: dict[str, object] = {}
    for key, value in pairs:
        match = _NESTED_KEY.fullmatch(key)
        if match is None:
            params[key] = value
            continue
        place, name = params, match.group(1)
        for inner in match.group(2)[1:-1].split("]["):
            deeper = place.get(name)
            if not isinstance(deeper, dict):
                deeper = place[name] = {}
            place, name = deeper, inner or str(len(deeper))
        place[name] = value
    return params
