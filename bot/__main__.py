"""The command line: `rsvp-bot run`, `demo`, `db`, `doctor`, `health`, `keys`, `sandbox`, `users`.

Exit codes: 0 all went well, 1 something broke, 2 trying again would mend nothing: a setting is
missing or malformed, a port or the database is taken, the command line is wrong.
"""

import argparse
import asyncio
import gc
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bot import __version__
from bot.domain.chat import Identity
from bot.errors import ConfigError, StorageError

EXIT_OK, EXIT_BROKEN, EXIT_USAGE = 0, 1, 2
_GARBAGE = (20_000, 20, 50)
"""See `gc.set_threshold`."""
_TURN = 0.0001
"""Seconds after which the loop lets a thread that waits go on. Those of the database need it for
microseconds after each statement; by default 5 ms may go by each time while the loop is busy."""
_LAST_PORT_BASE = 65531


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the only place that decides exit codes."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except ConfigError as error:
        print(f"rsvp-bot: {error}", file=sys.stderr)  # noqa: T201 - a command line speaks
        return EXIT_USAGE
    except StorageError as error:
        print(f"rsvp-bot: {error}; try again", file=sys.stderr)  # noqa: T201 - as above
        return EXIT_BROKEN
    except BrokenPipeError:
        # Whoever read along has left (`| head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN
    except KeyboardInterrupt:
        return EXIT_OK
    except Exception:  # noqa: BLE001 - the last one that can keep secrets out of a traceback
        return _crashed()


def _crashed() -> int:
    from bot.logs import redact  # noqa: PLC0415 - only now

    print(redact(traceback.format_exc()), file=sys.stderr)  # noqa: T201 - a command line speaks
    return EXIT_BROKEN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rsvp-bot", description="Answers calendar invitations and sets presence from a chat."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="run the bot on Telegram, with the settings of .env")
    commands.add_parser("demo", help="try it in this terminal, with no account at all")
    commands.add_parser("health", help="ask the running bot whether it is ready")
    doctor = commands.add_parser(
        "doctor", help="check settings, database and accounts; change nothing"
    )
    doctor.add_argument("--json", action="store_true", help="print it for programs")
    sandbox = commands.add_parser(
        "sandbox", help="run Telegram, Bitrix24 and Cronofy as emulators on this machine"
    )
    sandbox.add_argument(
        "--port-base",
        type=_port_base,
        metavar="N",
        help="listen at N to N+3, and give the bot N+4, instead of free ports",
    )
    _add_database(commands)
    _add_keys(commands)
    _add_users(commands)
    return parser


def _add_database(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    database = commands.add_parser("db", help="back up the database")
    actions = database.add_subparsers(dest="action", required=True, metavar="ACTION")
    backup = actions.add_parser(
        "backup",
        help="copy it into a new file; may run beside the bot",
        description="Copies the SQLite database as it is at one moment, while the bot goes on "
        "writing. Never writes over a file. The keys are not in the copy.",
    )
    backup.add_argument("file", type=Path, metavar="FILE")


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    keys = commands.add_parser("keys", help="make a key, or change the key that seals credentials")
    actions = keys.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("new", help="print a new key for SECRET_KEYS")
    actions.add_parser(
        "rotate",
        help="seal everything with a new key and drop the old one; may run beside the bot",
        description="Seals all credentials with a new key and drops the old one from the key file "
        "beside the database. With SECRET_KEYS: put a new key in front, restart the bot, and this "
        "seals everything with it and says which keys may go. Stopped half-way, run it again.",
    )


def _add_users(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    users = commands.add_parser("users", help="list people and accounts; remove or admit somebody")
    actions = users.add_subparsers(dest="action", metavar="ACTION")
    remove = actions.add_parser("remove", help="forget all about a person and refuse them")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    admit = actions.add_parser("admit", help="let the lists decide about a person again")
    for action in (remove, admit):
        action.add_argument("person", type=_identity, metavar="telegram:ID")


def _identity(text: str) -> Identity:
    from bot.settings import parse_identity  # noqa: PLC0415

    try:
        return parse_identity(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _port_base(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= _LAST_PORT_BASE:
        raise argparse.ArgumentTypeError(f"must be from 1 to {_LAST_PORT_BASE}")
    return number


def _run(_options: argparse.Namespace) -> int:
    gc.disable()  # What is imported is no garbage, and looking costs a seventh of the start.
    from bot.app.run import run  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import Settings, load  # noqa: PLC0415

    settings = load(Settings)
    set_up(settings.log_level, settings.log_format)
    # What was imported stays: no need to go through it again and again for garbage. And a command
    # makes thousands of objects that are gone by themselves when it is over.
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    gc.enable()
    sys.setswitchinterval(_TURN)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(run(settings))


def _fast_loop() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """A loop that costs half as much; None where there is none, so on Windows."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415

    return uvloop.new_event_loop


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


def _doctor(options: argparse.Namespace) -> int:
    from bot.app.doctor import doctor  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415

    # What is printed says all; whatever the product logs beside it would only say it twice.
    set_up("CRITICAL", "text")
    return asyncio.run(doctor(sys.stdout, as_json=options.json))


def _health(_options: argparse.Namespace) -> int:
    from bot.app.health_check import ask  # noqa: PLC0415
    from bot.settings import Settings, load  # noqa: PLC0415

    return ask(load(Settings), sys.stdout)


def _sandbox(options: argparse.Namespace) -> int:
    from bot.app.sandbox import sandbox  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import LocalSettings, load  # noqa: PLC0415

    settings = load(LocalSettings)
    set_up("ERROR", settings.log_format)
    return asyncio.run(
        sandbox(language=settings.default_language, port_base=options.port_base, out=sys.stdout)
    )


def _database(options: argparse.Namespace) -> int:
    from bot.app.backup import back_up_database  # noqa: PLC0415
    from bot.settings import Settings, load  # noqa: PLC0415

    return back_up_database(load(Settings), options.file, sys.stdout)


def _keys(options: argparse.Namespace) -> int:
    from bot.app.clock import SystemClock  # noqa: PLC0415
    from bot.app.keys import print_new_key, rotate  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import Settings, load  # noqa: PLC0415

    if options.action == "new":
        return print_new_key(sys.stdout)
    settings = load(Settings)
    set_up("ERROR", settings.log_format)
    return asyncio.run(rotate(settings, SystemClock(), sys.stdout))


def _users(options: argparse.Namespace) -> int:
    from bot.app.clock import SystemClock  # noqa: PLC0415
    from bot.app.users import Users, ask_on_the_terminal  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415
    from bot.settings import Settings, load  # noqa: PLC0415

    settings = load(Settings)
    set_up("ERROR", settings.log_format)
    users = Users(settings, SystemClock(), sys.stdout)
    match options.action:
        case "remove":
            ask = None if options.yes else ask_on_the_terminal
            return asyncio.run(users.remove(options.person, ask=ask))
        case "admit":
            return asyncio.run(users.admit(options.person))
        case _:
            return asyncio.run(users.show())


_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "demo": _demo,
    "doctor": _doctor,
    "health": _health,
    "sandbox": _sandbox,
    "db": _database,
    "keys": _keys,
    "users": _users,
}


if __name__ == "__main__":
    sys.exit(main())
