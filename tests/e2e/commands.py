"""The command line as a process of its own."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.world import REPO


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has come to its end."""

    code: int
    out: str
    err: str

    @property
    def signs(self) -> str:
        """The signs of the doctor's table, line by line."""
        rows = [line for line in self.out.splitlines() if line[1:2] == " "]
        return "".join(row[0] for row in rows if row[0] in "✓!✗–")

    @property
    def words(self) -> str:
        """What was printed, as if it had not been wrapped."""
        return " ".join(self.out.split())


def environment(**settings: str) -> dict[str, str]:
    """What a command sees: nothing of ours but the settings given."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(REPO),
        "PYTHONUTF8": "1",
        **settings,
    }


async def start(
    *arguments: str,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    out: int = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """Start `rsvp-bot` with these arguments; `out` is where its output goes."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-m",
        "bot",
        *arguments,
        cwd=folder,
        env=environment(**settings or {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=out,
        stderr=asyncio.subprocess.PIPE,
    )


async def finish(process: asyncio.subprocess.Process) -> Ended:
    """Wait for its end."""
    try:
        async with asyncio.timeout(40):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(code=process.returncode, out=(out or b"").decode(), err=err.decode())


async def run(*arguments: str, folder: Path, settings: Mapping[str, str] | None = None) -> Ended:
    """Start it and wait for its end."""
    return await finish(await start(*arguments, folder=folder, settings=settings))
