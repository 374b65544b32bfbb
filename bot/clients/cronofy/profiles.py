"""The calendar services behind an account, and whether their invitations can be seen at all.

https://docs.cronofy.com/developers/authorization/access-modes/
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.cronofy.values import text

WITHOUT_INVITATIONS = frozenset({"google_free_busy", "ms_graph_free_busy", "cronofy"})
"""Provider names of the access modes that show no events: free/busy only (two), and no access.

https://docs.cronofy.com/developers/authorization/access-modes/free-busy/
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedProfile:
    """A calendar service that was connected; `provider_service` is empty where it is not told."""

    provider_name: str
    provider_service: str
    profile_name: str

    @property
    def answerable(self) -> bool:
        """Whether the access mode that was chosen shows invitations."""
        return self.provider_name not in WITHOUT_INVITATIONS


def read_profile(profile: Mapping[str, object]) -> LinkedProfile:
    """Read a profile as userinfo and the token endpoint show it."""
    return LinkedProfile(
        provider_name=text(profile.get("provider_name")),
        provider_service=text(profile.get("provider_service")),
        profile_name=text(profile.get("profile_name")),
    )
