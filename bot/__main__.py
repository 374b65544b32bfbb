"""The command line: `rsvp-bot run`, `demo`, `doctor`, `sandbox`.

Exit codes: 0 all went well, 1 something broke, 2 a setting is missing or malformed or the command
line is wrong.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence

from bot import __version__
from bot.errors import ConfigError

EXIT_OK, EXIT_BROKEN, EXIT_USAGE = 0, 1, 2
_LAST_PORT_BASE = 65533


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the only place that decides exit codes."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except ConfigError as error:
        print(f"rsvp-bot: {error}", file=sys.stderr)  # noqa: T201 - a command line speaks
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rsvp-bot", description="Answers calendar invitations and sets presence from a chat."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="run the bot on Telegram, with the settings of .env")
    commands.add_parser("demo", help="try it in this terminal, with no account at all")
    commands.add_parser("doctor", help="check settings, database and accounts; change nothing")
    sandbox = commands.add_parser(
        "sandbox", help="run Telegram, Bitrix24 and Cronofy as emulators on this machine"
    )
    sandbox.add_argument(
        "--port-base",
        type=_port_base,
        metavar="N",
        help="listen at N, N+1 and N+2 instead of free ports",
    )
    return parser


def _port_base(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= _LAST_PORT_BASE:
        raise argparse.ArgumentTypeError(f"must be from 1 to {_LAST_PORT_BASE}")
    return number


def _run(_options: argparse.Namespace) -> int:
    from bot.app.run import run  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import Settings, load  # noqa: PLC0415

    settings = load(Settings)
    set_up(settings.log_level, settings.log_format)
    return asyncio.run(run(settings))


def _demo(_options: argparse.Namespace) -> int:
    # Imported here, as each command needs other heavy libraries.
    from bot.app.demo import demo  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import LocalSettings, load  # noqa: PLC0415

    settings = load(LocalSettings)
    # In a terminal chat only trouble is worth a line, unless asked otherwise.
    level = settings.log_level if "log_level" in settings.model_fields_set else "ERROR"
    set_up(level, settings.log_format)
    return asyncio.run(demo(language=settings.default_language, timezone=settings.default_timezone))


def _doctor(_options: argparse.Namespace) -> int:
    from bot.app.doctor import doctor  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415

    # The table says all; whatever the product logs beside it would only say it twice.
    set_up("CRITICAL", "text")
    return asyncio.run(doctor(sys.stdout))


def _sandbox(options: argparse.Namespace) -> int:
    from bot.app.sandbox import sandbox  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import LocalSettings, load  # noqa: PLC0415

    settings = load(LocalSettings)
    set_up("ERROR", settings.log_format)
    return asyncio.run(
        sandbox(language=settings.default_language, port_base=options.port_base, out=sys.stdout)
    )


_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "demo": _demo,
    "doctor": _doctor,
    "sandbox": _sandbox,
}


if __name__ == "__main__":
    sys.exit(main())
