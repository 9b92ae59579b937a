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

from . import identity
from .models import Granted
from .people import Purpose, Source
from .store import learners, tenants

MOST = 200_000
"""Identities remembered for one tenant; past that, it starts again with none."""


NOTHING: frozenset[tuple[Purpose, Source]] = frozenset()


@dataclass
class _Tenant:
    version: int
    bases: frozenset[tuple[Purpose, Source]]
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
            bases = frozenset(tenants.legal_bases(connection, tenant_id))
            known = self._tenants[tenant_id] = _Tenant(version, bases)
        new = [i for i in identities if i not in known.learner_of]
        if new:
            digests = self.digests(tenant_id, new)
            found = learners.recognise_with_grants(connection, tenant_id, digests.values())
            for one in new:
                learner_id, own = found.get(digests[one], ("", NOTHING))
                known.learner_of[one] = learner_id
                if learner_id:
                    known.granted[learner_id] = own | known.bases
        return known.learner_of, known.granted
