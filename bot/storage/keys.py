"""The keys that credentials are sealed with: from the environment or from a file of our own.

Keys are Fernet keys, newest first: 32 random bytes each, as URL-safe base64.
https://cryptography.io/en/latest/fernet/
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet

from bot.errors import ConfigError

_MODE = 0o600


def new_key() -> str:
    """A key that nobody has used."""
    return Fernet.generate_key().decode()


def is_key(text: str) -> bool:
    """Whether a text is a key at all."""
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def fingerprint(key: str) -> str:
    """Names a key without giving it away."""
    return hashlib.sha256(b"rsvp-bot key " + key.encode()).hexdigest()[:16]


class KeyFile:
    """Keys in a file beside the database, one a line, readable by its owner alone.

    It is replaced as a whole, so a process that dies half-way leaves the old one or the new one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def stamp(self) -> object | None:
        """Something that changes whenever the keys do; None while there is no file."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> Sequence[str]:
        """The keys, newest first; none if there is no file.

        Raises:
            ConfigError: It cannot be read, or holds something else.
        """
        try:
            lines = self.path.read_text(encoding="ascii").split()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except (OSError, UnicodeDecodeError) as error:
            lines, reason = [], type(error).__name__
        else:
            reason = "" if lines and all(is_key(line) for line in lines) else "no keys"
        if reason:
            raise ConfigError(f"the key file {self.path.name} cannot be read ({reason})")
        return lines

    def write(self, keys: Sequence[str]) -> None:
        """Replace the keys; durable on return.

        Raises:
            ConfigError: It cannot be written.
        """
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            handle = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _MODE)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                os.fchmod(file.fileno(), _MODE)
                self._leave_to_its_owner(file.fileno())
                file.write("".join(f"{key}\n" for key in keys))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            reason = type(error).__name__
        else:
            return
        raise ConfigError(f"the key file {self.path.name} cannot be written ({reason})")

    def _leave_to_its_owner(self, handle: int) -> None:
        """Whoever replaces it as root must not take it from the user that the bot runs as."""
        if not self.path.exists():
            return
        old, new = self.path.stat(), os.fstat(handle)
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            os.fchown(handle, old.st_uid, old.st_gid)


def _sync_folder(folder: Path) -> None:
    """A rename lasts only when the folder that holds the name is on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
