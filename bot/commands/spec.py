"""What is known of commands, and who handles them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from bot.commands.context import Context
from bot.domain.chat import Reply
from bot.domain.spelling import look

_CLOSE_ENOUGH = 0.6
_CYRILLIC_KEYS = "йцукенгшщзхъфывапролджэячсмитьбю"
_LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
"""The same keys of a keyboard in its two layouts."""
_AS_LATIN = str.maketrans(_CYRILLIC_KEYS, _LATIN_KEYS)
_AS_CYRILLIC = str.maketrans(_LATIN_KEYS, _CYRILLIC_KEYS)

Handler = Callable[[Context], Awaitable[Sequence[Reply]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """What is known of a command.

    Attributes:
        name: In lower case, without the slash; Latin, as chat systems want it in their menus.
        handler: What it does.
        summary: Message id of its line in /help and in the chat system's menu.
        arguments: How its arguments are shown in /help, empty if it takes none.
        changes: It changes something, so an old one is not carried out without asking.
        private: In private it is about one person alone, and `/start` with its name does the same,
            without arguments; a group sees a pointer there, or has the like of its own.
        aliases: What else it may be called, in any alphabet, in lower case; shown nowhere.
    """

    name: str
    handler: Handler
    summary: str
    arguments: str = ""
    changes: bool = False
    private: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """The command with its arguments, as /help shows it."""
        return f"/{self.name} {self.arguments}".rstrip()


@dataclass(slots=True)
class Router:
    """Commands by name. Modules of `handlers` make one each; they are included by name."""

    _specs: list[CommandSpec] = field(default_factory=list)
    _by_look: dict[str, CommandSpec] = field(default_factory=dict)

    def command(
        self,
        name: str,
        *,
        summary: str,
        arguments: str = "",
        changes: bool = False,
        private: bool = False,
        aliases: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function as a command's handler."""

        def register(handler: Handler) -> Handler:
            self._add(
                CommandSpec(
                    name=name,
                    handler=handler,
                    summary=summary,
                    arguments=arguments,
                    changes=changes,
                    private=private,
                    aliases=aliases,
                )
            )
            return handler

        return register

    def include(self, other: "Router") -> None:
        """Take over another router's commands; a name or alias that is taken is an error."""
        for spec in other.specs:
            self._add(spec)

    @property
    def specs(self) -> tuple[CommandSpec, ...]:
        """All commands, each once, in the order in which they were registered."""
        return tuple(self._specs)

    def find(self, name: str) -> CommandSpec | None:
        """The command of that name or alias, given in lower case; letters go by their looks."""
        return self._by_look.get(look(name))

    def nearest(self, name: str) -> str | None:
        """The name of the command that somebody who wrote `name` may have meant.

        That is one whose name or alias is nearly so written, or is typed by nearly the same keys
        in the keyboard's other layout (`/фссузе`, `/ghbyznm`).
        """
        ratio, spec = max(self._likenesses(name), key=lambda pair: pair[0], default=(0.0, None))
        return spec.name if spec is not None and ratio >= _CLOSE_ENOUGH else None

    def _likenesses(self, name: str) -> Iterator[tuple[float, CommandSpec]]:
        # In one of the two a name stays as it was typed.
        for typed in (name.translate(_AS_LATIN), name.translate(_AS_CYRILLIC)):
            matcher = SequenceMatcher(b=look(typed))
            for known, spec in self._by_look.items():
                matcher.set_seq1(known)
                yield matcher.ratio(), spec

    def _add(self, spec: CommandSpec) -> None:
        for name in (spec.name, *spec.aliases):
            if look(name) in self._by_look:
                raise ValueError(f"two handlers for /{name}")
            self._by_look[look(name)] = spec
        self._specs.append(spec)


def build_router(parts: Iterable[Router]) -> Router:
    """One router of several."""
    router = Router()
    for part in parts:
        router.include(part)
    return router
