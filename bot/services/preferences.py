"""A person's language and time zone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.chat import Identity
from bot.domain.inbox import Person
from bot.domain.zones import UTC, zone_of
from bot.ports import People
from bot.services.zone_search import Search, find_zone
from bot.texts import Texts
from bot.texts.zones import likely_zones


async def texts_of(people: People, identity: Identity, default_language: str) -> Texts:
    """Words for somebody who is told something unasked; of a stranger nobody knows the zone."""
    person = await people.find_person(identity)
    return Texts(default_language, zone_of(UTC)) if person is None else Texts.of(person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The use cases around what people have told about themselves.

    Attributes:
        language: What is assumed of somebody who has told nothing.
        timezone: Likewise.
    """

    people: People
    language: str
    timezone: str

    async def of(self, identity: Identity) -> Person:
        """What is known of a person, or assumed."""
        person = await self.people.find_person(identity)
        if person is not None:
            return person
        return Person(
            identity=identity,
            language=self.language,
            timezone=self.timezone,
            name=identity.display_name,
        )

    async def set_language(self, identity: Identity, language: str) -> Person:
        """Speak this language from now on.

        Raises:
            StorageError: It could not be kept.
        """
        return await self._save(replace(await self.of(identity), language=language))

    async def set_timezone(self, identity: Identity, zone: str) -> Person:
        """Tell times as they are in this zone from now on.

        Raises:
            StorageError: It could not be kept.
        """
        return await self._save(replace(await self.of(identity), timezone=zone, chosen=True))

    def find_zone(self, words: str, now: datetime) -> Search:
        """See `bot.services.zone_search`."""
        return find_zone(words, now)

    def likely_zones(self, language: str) -> Sequence[str]:
        """Where somebody who has told nothing may live, the likeliest first."""
        return likely_zones(language, [self.timezone])

    async def _save(self, person: Person) -> Person:
        await self.people.save_person(person)
        return person
