"""The command line: `rsvp-bot run`, `rsvp-bot demo`.

Exit codes: 0 all went well, 1 something broke, 2 a setting is missing or malformed or the command
line is wrong.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bot import __version__
from bot.errors import ConfigError

EXIT_OK, EXIT_BROKEN, EXIT_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the only place that decides exit codes."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command]()
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
    return parser


def _run() -> int:
    from bot.app.run import run  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import Settings, load  # noqa: PLC0415

    settings = load(Settings)
    set_up(settings.log_level, settings.log_format)
    return asyncio.run(run(settings))


def _demo() -> int:
    # Imported here, as each command needs other heavy libraries.
    from bot.app.demo import demo  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import LocalSettings, load  # noqa: PLC0415

    settings = load(LocalSettings)
    # In a terminal chat only trouble is worth a line, unless asked otherwise.
    level = settings.log_level if "log_level" in settings.model_fields_set else "ERROR"
    set_up(level, settings.log_format)
    return asyncio.run(demo(language=settings.default_language, timezone=settings.default_timezone))


_COMMANDS = {"run": _run, "demo": _demo}


if __name__ == "__main__":
    sys.exit(main())
