"""Who statements are about, remembered between batches: identity to learner, learner to what they agreed to.

The busiest door would otherwise ask the database the same two questions for every batch. What is remembered
holds as long as the tenant's ``people_version``, which every change of people or consent raises in its own
transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from cachetools import LRUCache
from sqlalchemy import Connection

from . import identity, rights
from .models import Granted
from .store import learners

MOST = 200_000
"""Identities remembered for one tenant; past that, it starts again with none."""


@dataclass
class _Tenant:
    version: int
    learner_of: dict[str, str] = field(default_factory=dict)  # "" for nobody who is known
    granted: Granted = field(default_factory=dict)


class KnownPeople:
    """Not safe for two threads on one tenant: callers hold the tenant's row lock.

    :param key: the secret under which identities are stored.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._tenants: LRUCache[str, _Tenant] = LRUCache(100)

    def digests(self, tenant_id: str, identities: Iterable[str]) -> dict[str, str]:
        """Identity to the digest under which it is stored."""
        return {i: identity.digest(self._key, tenant_id, i) for i in identities}

    def look_up(
        self, connection: Connection, tenant_id: str, version: int, identities: Collection[str]
    ) -> tuple[dict[str, str], Granted]:
        """Identity to learner id ("" for strangers), and learner id to what they agreed to.

        :param version: the tenant's ``people_version``, read in this transaction.
        """
        known = self._tenants.get(tenant_id)
        if known is None or known.version != version or len(known.learner_of) > MOST:
            known = self._tenants[tenant_id] = _Tenant(version)
        new = [i for i in identities if i not in known.learner_of]
        if new:
            digests = self.digests(tenant_id, new)
            found = learners.recognise(connection, tenant_id, digests.values())
            known.learner_of.update((i, found.get(digests[i], "")) for i in new)
            known.granted.update(rights.granted(connection, tenant_id, set(found.values())))
        return known.learner_of, known.granted
