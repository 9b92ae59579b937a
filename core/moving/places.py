"""What is called otherwise at the new place: people, by another LMS's accounts; courses and activities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .. import identity


@dataclass
class Places:
    """From old names to new ones; what is not named keeps its name.

    :param people: canonical identity to canonical identity.
    :param issuers: issuer to issuer: who is called the same at both, account by account.
    :param addresses: address, object id or course key to the new one; one that ends in ``/`` stands for
        everything that begins with it. The longest that fits counts.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    issuers: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._beginnings = sorted((a for a in self.addresses if a.endswith("/")), key=len, reverse=True)

    def identity(self, known: str) -> str:
        """Who a person is at the new place."""
        if known in self.people:
            self._used.add(known)
            return self.people[known]
        kind, _, rest = known.partition("|")
        issuer, _, name = rest.partition("|")
        if kind == "account" and issuer in self.issuers:
            self._used.add(issuer)
            return identity.account(self.issuers[issuer], name)
        return known

    def address(self, known: str) -> str:
        """What an address, an object id or a course key is at the new place."""
        if known in self.addresses:
            self._used.add(known)
            return self.addresses[known]
        for old in self._beginnings:
            if known.startswith(old):
                self._used.add(old)
                return self.addresses[old] + known[len(old) :]
        return known

    def unused(self) -> dict[str, int]:
        """How many names were never met, by kind."""
        named = {"people": self.people, "issuers": self.issuers, "addresses": self.addresses}
        left = {kind: len(names.keys() - self._used) for kind, names in named.items()}
        return {kind: count for kind, count in left.items() if count}
