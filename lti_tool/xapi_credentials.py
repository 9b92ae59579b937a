"""Who is at the xAPI door: Basic credentials (RFC 7617).

Hashing a password takes some 50 ms, on purpose; what came of it is therefore remembered for a while. The
name is looked up each time, so that a removed credential is refused at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading

from cachetools import TTLCache
from werkzeug.datastructures import Authorization

from ..core.errors import Unauthorized
from ..core.store import credentials
from ..core.store.database import Database

REMEMBERED = 1024
REMEMBERED_SECONDS = 60
"""How many passwords, right or wrong, are not hashed again, and for how long."""


class Gate:
    """Tells the tenant of a request. Passwords are remembered only as digests under a key of this process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._known: TTLCache[bytes, bool] = TTLCache(REMEMBERED, REMEMBERED_SECONDS)
        self._lock = threading.Lock()

    def tenant(self, database: Database, given: Authorization | None) -> str:
        """The tenant to whom the credentials belong.

        :raises Unauthorized: without credentials, or with wrong ones.
        """
        if given is None or given.type != "basic" or given.username is None or given.password is None:
            raise Unauthorized("This needs a name and a password.", "Send them by Basic authentication.")
        with database.read() as connection:
            credential = credentials.find(connection, given.username)
        if not self._matches(credential, given.username, given.password) or credential is None:
            raise Unauthorized("The name or the password is wrong.", "`stifinder xapi add` makes a new pair.")
        return credential.tenant_id

    def _matches(self, credential: credentials.Credential | None, username: str, password: str) -> bool:
        stored = credential.password_hash if credential else ""
        # With the name in it, a password tried under one unknown name is as slow under the next: otherwise
        # only names that exist would still cost a hash. A name with a colon cannot arrive here (RFC 7617).
        digest = hmac.digest(self._key, f"{username}:{stored}:{password}".encode(), hashlib.sha256)
        with self._lock:
            known = self._known.get(digest)
        if known is None:
            known = credentials.matches(credential, password)
            with self._lock:
                self._known[digest] = known
        return known
