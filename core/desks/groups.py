"""Groups of courses, as the LMS has them: who learns together there is matched with each other here.

Only of those who agreed to be found by others is kept in which group they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..membership import Group, Member
from ..store import groups, tenants
from ..store.rosters import Roster
from .roster import RosterDesk


class GroupsDesk(RosterDesk):
    """Calls about groups of courses, and all those about their members."""

    def to_be_found(self, entry: Roster, members: Iterable[Member]) -> list[str]:
        """What the LMS calls the active members who agreed to be found by others."""
        active = [member for member in members if member.active]
        with self.database.read() as connection:
            known = self._known(connection, entry, active)
            return sorted(self._to_be_found(connection, entry.tenant_id, known))

    def take_groups(
        self, entry: Roster, found: Iterable[Group], groups_of: Mapping[str, Iterable[str]]
    ) -> None:
        """Keep a course's groups, and who of those who agreed to be found is in which.

        :param groups_of: what the LMS calls somebody to what it calls the person's groups; of whoever did not
            agree nothing is kept.
        """
        with self.database.write() as connection:
            tenants.counters(connection, entry.tenant_id, lock=True)
            groups.replace(connection, entry.tenant_id, entry.context_id, found)
            named = [Member(user_id, frozenset()) for user_id in groups_of]
            known = self._known(connection, entry, named)
            agreed = self._to_be_found(connection, entry.tenant_id, known)
            groups.put_members(
                connection,
                entry.tenant_id,
                entry.context_id,
                {learner_id: groups_of[user_id] for user_id, learner_id in agreed.items()},
            )

    def groups_of(self, tenant_id: str, context_id: str) -> list[tuple[str, str, str]]:
        """Id, title and title of the set of each group of a course."""
        with self.database.read() as connection:
            return groups.every(connection, tenant_id, context_id)
