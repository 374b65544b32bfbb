"""JSON on the wire: the fast reader first, the lenient one for what it does not take."""

import json

import orjson


def read_json(text: bytes) -> object:
    """Read what somebody sent.

    A lone surrogate, NaN and other encodings than UTF-8 are read too: whoever looks at the fields
    finds out what is wrong with which of them.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        answer: object = json.loads(text)
        return answer


def write_json(value: object) -> bytes:
    """Write what is to be sent: texts, numbers, lists and mappings by text.

    Raises:
        TypeError: There is something else in it.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()
