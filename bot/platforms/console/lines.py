"""Lines that somebody types: with editing and history in a terminal, plain ones from a pipe."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

LineReader = Callable[[str], Awaitable[str]]
"""Shows a prompt, returns a line; raises EOFError at the end of input."""


@contextmanager
def line_reader(echo: Callable[[str], None]) -> Iterator[LineReader]:
    """Read standard input, whatever that is; what comes from a pipe is echoed."""
    if sys.stdin.isatty():
        yield _terminal_reader()
        return

    async def from_pipe(prompt: str) -> str:
        line: str = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            raise EOFError
        # A transcript without the questions is hard to read.
        echo(f"{prompt}{line.strip()}")
        return line

    yield from_pipe


def _terminal_reader() -> LineReader:
    # Imported here: it takes a tenth of a second that a pipe and `run` need not spend.
    from prompt_toolkit import PromptSession  # noqa: PLC0415
    from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415

    session: PromptSession[str] = PromptSession()

    async def from_terminal(prompt: str) -> str:
        with patch_stdout(raw=True):
            while True:
                try:
                    line: str = await session.prompt_async(prompt)
                except KeyboardInterrupt:
                    if not session.default_buffer.text:
                        raise EOFError from None
                else:
                    return line

    return from_terminal
