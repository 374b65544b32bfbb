"""What others may send: JSON of any shape, good JSON that was spoilt, texts that nobody types."""

import copy
import json
import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

MARK = "h0stile-mark"
"""In everything that is made up here: it may be shown to people, but is never logged or raised."""
DEEP = 5_000
"""Levels; JSON readers give up after about a thousand."""

_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Not made smaller: that starts the same thing thousands of times, and what failed is small."""
whole = settings(phases=_PHASES)
"""As many examples as the profile says; loaded with the module, so after the command line."""
rare = settings(whole, max_examples=max(10, whole.max_examples // 10))
"""For examples that start servers."""

numbers = (
    st.integers()
    | st.sampled_from([0, -1, 2**31, 2**53 + 1, 2**63, -(2**63), 10**20, 10**400])
    | st.floats()
    | st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e308, -0.0])
)
odd_texts = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\ud800",
        f"\ud800{MARK}",
        f"{MARK}\n2026-01-01 00:00:00 INFO - forged {MARK}",
        f"\x1b[31m{MARK}\x1b[0m",
        f"<b>{MARK}</i>&amp;",
        "\u202e\u2066" * 40,
        "x" * 5000,
        "👩\u200d💻" * 500,
        "9" * 5000,
        "٣" * 30,
        "\ufeff",
        "2026-13-45T99:99:99Z",
        "9999-12-31T23:59:59+00:00",
        "0001-01-01",
    ]
)
texts = st.text(max_size=40) | odd_texts
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=12) | odd_texts, inner, max_size=4)
    ),
    max_leaves=8,
)


def paths(value: object, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield here
    items: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, inner in items:
        yield from paths(inner, (*here, key))


def without(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy in which that place is missing."""
    return _changed(value, path, lambda holder, key: holder.pop(key))


def with_other(value: Any, path: tuple[Any, ...], other: object) -> Any:
    """A copy in which something else is in that place."""
    if not path:
        return other
    return _changed(value, path, lambda holder, key: holder.__setitem__(key, other))


def _changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    copied = copy.deepcopy(value)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    if path:
        change(holder, path[-1])
    return copied


@st.composite
def spoilt(draw: st.DrawFn, good: object) -> Any:
    """A good JSON value of which one to three places are missing or hold something else."""
    value = good
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(value))))
        if path and draw(st.booleans()):
            value = without(value, path)
        else:
            value = with_other(value, path, draw(values))
    return value


@st.composite
def bodies(draw: st.DrawFn, good: object) -> bytes:
    """Bytes in place of a good JSON value: spoilt, cut off, recoded, or no JSON at all."""
    kind = draw(st.integers(0, 9))
    written = json.dumps(good, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    if kind <= 4:
        value = draw(spoilt(good))
        return json.dumps(value).encode(errors="surrogatepass")
    others: list[st.SearchStrategy[bytes]] = [
        st.integers(0, len(written)).map(lambda cut: written[:cut]),
        st.binary(max_size=60),
        st.sampled_from(["utf-16", "utf-32", "latin-1", "cp1251"]).map(
            lambda code: written.decode().encode(code, errors="replace")
        ),
        st.sampled_from(
            [
                b"",
                b"null",
                b"[]",
                b"true",
                b'""',
                b"NaN",
                b"{",
                b"\xef\xbb\xbf" + written,
                b"\xff\xfe\x00",
                f"<html><title>{MARK}</title>".encode(),
                b"[" * DEEP + b"]" * DEEP,
                b'{"result":' * DEEP + b"1" + b"}" * DEEP,
                b'{"result": ' + b"9" * 5000 + b"}",
                b'{"result": 1e999999}',
                b'{"error": "' + b"\\ud800" * 100 + b'"}',
                b'{"ok": true, "result": ' + written + b"}" + written,
            ]
        ),
        values.map(lambda value: json.dumps(value).encode()),
    ]
    return draw(others[kind - 5])


statuses = st.sampled_from(
    [200] * 30
    + [201, 202, 204, 302, 400, 401, 403, 404, 422, 429, 500, 502, 503, 504, 599, 100, 999]
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": texts | st.sampled_from(["5", "-1", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT"]),
        "location": texts | st.just(f"https://{MARK}.example/rest/"),
        "content-type": st.sampled_from(["text/html", "application/json", "", MARK]),
    },
)


class Said(logging.Handler):
    """Every line that any logger would write, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[Said]:
    """Collect what is logged, at DEBUG."""
    root, handler = logging.getLogger(), Said()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    # The library prints what it reads; the process keeps it quiet, see bot.logs.
    for name in ("telegram", "asyncio", "aiosqlite", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def told_by(error: BaseException) -> str:
    """All that an exception may end up saying somewhere."""
    return "".join([repr(error), repr(vars(error)), *traceback.format_exception(error)])
