"""The one master key, and what is made of it: keys for signing, for digests of identities, for encryption.

The master key comes from ``STIFINDER_SECRET_KEY`` or from a file in the data directory that is made at the
first start. It is never used itself: each purpose has its own key, by HKDF (RFC 5869) with SHA-256.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import ConfigurationError

FILE_NAME = "secret.key"
LEAST_CHARACTERS = 32
"""A master key shorter than this is refused."""


class Secrets:
    """Keys derived from one master key.

    :param master: at least 32 characters; the same in every process of one installation, for ever.
    :param origin: where it came from, for messages.
    :raises ConfigurationError: when it is too short.
    """

    def __init__(self, master: str, origin: str = "STIFINDER_SECRET_KEY") -> None:
        if len(master) < LEAST_CHARACTERS:
            raise ConfigurationError(
                f"The master key in {origin} has {len(master)} characters; {LEAST_CHARACTERS} are the least.",
                "Put back the key this installation started with, or, in a new one, make a longer one.",
            )
        self.origin = origin
        self._master = master.encode()
        self._fernet = Fernet(base64.urlsafe_b64encode(self.derive("encryption")))

    @classmethod
    def open(cls, data_dir: Path, secret: str = "") -> Secrets:  # nosec B107 # none given, no password
        """The keys of this installation.

        :param secret: the value of ``STIFINDER_SECRET_KEY``; "" reads ``secret.key`` in the data directory,
            which is made, readable by its owner only, when there is none.
        :raises ConfigurationError: when the file cannot be used, is too short, or others may read it.
        """
        if secret:
            return cls(secret)
        path = data_dir / FILE_NAME
        try:
            if not path.exists():
                _make(path)
            mode = stat.S_IMODE(path.stat().st_mode)
            master = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ConfigurationError(
                f"The master key file {path} cannot be used: {reason}.",
                "Check its rights and those of its folder, or set STIFINDER_SECRET_KEY.",
            ) from error
        if os.name == "posix" and mode & 0o077:
            raise ConfigurationError(
                f"The master key file {path} can be read by others (mode {mode:04o}).",
                f"Run: chmod 600 {path}",
            )
        return cls(master, str(path))

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose; the same purpose gives the same key."""
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"stifinder/{purpose}".encode())
        return hkdf.derive(self._master)

    def encrypt(self, data: bytes) -> bytes:
        """Encrypt and authenticate (Fernet: AES-128-CBC with HMAC-SHA256)."""
        return self._fernet.encrypt(data)

    def decrypt(self, token: bytes) -> bytes:
        """Undo :meth:`encrypt`.

        :raises ConfigurationError: when it was encrypted under another master key, or was changed.
        """
        try:
            return self._fernet.decrypt(token)
        except InvalidToken as error:
            raise ConfigurationError(
                f"A stored secret cannot be opened with the master key in {self.origin}: "
                "it is the wrong key, or the stored secret was changed.",
                "Put back the key that this installation started with (STIFINDER_SECRET_KEY or "
                f"{FILE_NAME} in the data directory); it belongs in your backups.",
            ) from error


def _make(path: Path) -> None:
    """Write a new master key; when two processes start at once, both go on with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, path)  # unlike a rename, this never replaces a key that another process made
        except FileExistsError:
            return
    finally:
        draft.unlink()
