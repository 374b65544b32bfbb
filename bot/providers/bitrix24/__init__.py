"""Invitations and presence at a Bitrix24 portal.

What the portal does not tell, and this module makes up for:

* `calendar.meeting.status.set` answers `true` to almost anything, so every write is read back in
  the same hit, and the reply is what the read says.
* It acts on ids that are none (`651abc`), so ids are checked here first.
* There is no "tentative": `Q` means "not answered" and may reach the organizer as a refusal.
* A repeated set notifies the organizer again, so nothing is ever written twice from here.
"""

from bot.providers.bitrix24.calendar import Bitrix24Calendar
from bot.providers.bitrix24.consent import Bitrix24Consent
from bot.providers.bitrix24.directory import Bitrix24Directory
from bot.providers.bitrix24.presence import Bitrix24Presence
from bot.providers.bitrix24.sign_in import Bitrix24SignIn

__all__ = [
    "Bitrix24Calendar",
    "Bitrix24Consent",
    "Bitrix24Directory",
    "Bitrix24Presence",
    "Bitrix24SignIn",
]
