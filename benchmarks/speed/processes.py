"""One bot as a process on a core of its own, and what the system says about it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.limits import LIMITS
from tests.fakes.ports import free_port

_ROOT = Path(__file__).parent.parent.parent
RIVALS = _ROOT / "benchmarks" / "rivals"
RIVALS_PYTHON = _ROOT / ".venv" / "rivals" / "bin" / "python"
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PATIENCE = 30.0


def cores() -> tuple[int, int]:
    """The core of the bots and the core of everything else."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A bot that runs.

    Attributes:
        hook: Where its updates are posted to; empty if it tells Telegram by itself.
        ready_after: Seconds from its start until it was ready.
    """

    pid: int
    hook: str
    ready_after: float

    @property
    def cpu(self) -> float:
        """Seconds of processor time until now, all threads and the system's part included."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK

    @property
    def peak_mb(self) -> float:
        """Most memory that was resident at once."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise LookupError("VmHWM")


@asynccontextmanager
async def rival(name: str, upstream: str, token: str, folder: Path) -> AsyncIterator[Running]:
    """One of the bots in `benchmarks/rivals`."""
    port = free_port()
    environment = {"API": upstream, "PORTAL": upstream, "TOKEN": token, "PORT": str(port)}
    command = [str(RIVALS_PYTHON), str(RIVALS / f"{name}.py")]
    async with _started(command, environment, folder, lambda: _answers(port)) as (pid, seconds):
        yield Running(pid=pid, hook=f"http://127.0.0.1:{port}/hook", ready_after=seconds)


@asynccontextmanager
async def product(
    upstream: str, token: str, folder: Path, *, webhook: bool
) -> AsyncIterator[Running]:
    """`rsvp-bot run` on the database in that folder, with every limiter in its path."""
    port = free_port()
    environment = {
        "TELEGRAM_TOKEN": token,
        "TELEGRAM_API_URL": upstream,
        "ALLOWED_USERS": "*",
        "BITRIX24_ALLOWED_HOSTS": upstream.partition("://")[2],
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        **dict.fromkeys(LIMITS, "100000"),
    }
    if webhook:
        environment |= {
            "TELEGRAM_UPDATES": "webhook",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HTTP_PORT": str(port),
        }
    log = folder / "bot.log"

    async def ready() -> bool:
        return log.exists() and "ready as @" in log.read_text()

    command = [sys.executable, "-m", "bot", "run"]
    async with _started(command, environment, folder, ready) as (pid, seconds):
        yield Running(pid=pid, hook="", ready_after=seconds)


@asynccontextmanager
async def _started(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    ready: Callable[[], Awaitable[bool]],
) -> AsyncIterator[tuple[int, float]]:
    core, _ = cores()
    began = time.perf_counter()
    with (folder / "bot.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    try:
        while not await ready():
            if process.returncode is not None or time.perf_counter() - began > _PATIENCE:
                raise RuntimeError((folder / "bot.log").read_text()[-2000:])
            await asyncio.sleep(0.005)
        yield process.pid, time.perf_counter() - began
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
