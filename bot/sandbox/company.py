"""The people of the sandbox: a small company, half of it Russian-speaking."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody at Acme. `user_id` is their number in the portal and in the chat emulators."""

    user_id: int
    handle: str
    name: str
    last_name: str
    language: str
    timezone: str

    @property
    def full_name(self) -> str:
        """Name and last name."""
        return f"{self.name} {self.last_name}"

    @property
    def webhook_code(self) -> str:
        """The made-up secret of this person's incoming webhook; the same in every run."""
        return hashlib.sha256(f"sandbox webhook {self.user_id}".encode()).hexdigest()[:16]


BORIS = Colleague(
    user_id=1,
    handle="boris",
    name="Борис",
    last_name="Орлов",
    language="ru",
    timezone="Europe/Moscow",
)
MARIA = Colleague(
    user_id=2,
    handle="maria",
    name="Мария",
    last_name="Белова",
    language="ru",
    timezone="Asia/Yekaterinburg",
)
CARL = Colleague(
    user_id=3,
    handle="carl",
    name="Carl",
    last_name="Weber",
    language="en",
    timezone="Europe/Berlin",
)
DINA = Colleague(
    user_id=4,
    handle="dina",
    name="Dina",
    last_name="Ozola",
    language="en",
    timezone="Europe/Riga",
)
EGOR = Colleague(
    user_id=5,
    handle="egor",
    name="Егор",
    last_name="Лисин",
    language="ru",
    timezone="Asia/Almaty",
)
FAY = Colleague(
    user_id=6,
    handle="fay",
    name="Fay",
    last_name="Moreau",
    language="en",
    timezone="Europe/Paris",
)
ANN = Colleague(
    user_id=7,
    handle="ann",
    name="Ann",
    last_name="Hill",
    language="en",
    timezone="Europe/Berlin",
)
GLEB = Colleague(
    user_id=8,
    handle="gleb",
    name="Глеб",
    last_name="Сомов",
    language="ru",
    timezone="Europe/Moscow",
)
HANA = Colleague(
    user_id=9,
    handle="hana",
    name="Hana",
    last_name="Novak",
    language="en",
    timezone="Europe/Prague",
)
IVAN = Colleague(
    user_id=10,
    handle="ivan",
    name="Иван",
    last_name="Котов",
    language="ru",
    timezone="Asia/Novosibirsk",
)

PEOPLE = (ANN, BORIS, MARIA, CARL, DINA, EGOR, FAY, GLEB, HANA, IVAN)
"""The demo's person first."""
