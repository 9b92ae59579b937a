"""Who takes part in a course, as the LMS tells: how many, and which remembered learners are among them.

Groups of courses are in ``groups_desk``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from .. import identity, learner_page, rights
from ..access import STAFF
from ..launch import Launch
from ..membership import Headcount, Member, headcount
from ..people import Purpose
from ..store import groups as course_groups
from ..store import learners, rosters, tenants
from ..store.rosters import Roster
from .opened import Opened

ASK_AGAIN = timedelta(hours=12)
ASK_AFTER_FAILURE = timedelta(hours=1)
CHUNK = 500


class RosterDesk(Opened):
    """Calls about the members of courses."""

    def note_roster(
        self, launch: Launch, issuer: str, address: str, *, groups: str = "", group_sets: str = ""
    ) -> None:
        """Remember, when somebody of the staff opens the tool, where the course's members are told.

        :param groups, group_sets: where its groups are; "" where the LMS does not say.
        """
        if not address or not launch.context_key or not launch.roles & STAFF:
            return
        with self.database.read() as connection:
            context = learner_page.find_context(connection, launch)
            known = rosters.find(connection, launch.tenant_id, context.id)
        entry = Roster(
            launch.tenant_id,
            context.id,
            launch.registration_id,
            issuer,
            address,
            groups=groups,
            group_sets=group_sets,
        )
        if known is None or not known[0].same_as(entry):
            with self.database.write() as connection:
                tenants.counters(connection, launch.tenant_id, lock=True)
                rosters.note(connection, entry, self.clock())
                if not groups:
                    course_groups.replace(connection, launch.tenant_id, context.id, ())

    def due_rosters(self) -> list[Roster]:
        """Courses of all tenants whose members should be asked for now."""
        with self.database.read() as connection:
            return rosters.due(connection, self.clock())

    def take_roster(self, entry: Roster, members: Iterable[Member], differences: str = "") -> Headcount:
        """Keep the number. Who is remembered and agreed to be found by others is a member from now on.

        Of everybody else nothing is stored, and of nobody a name.

        :param members: all of them: who is not among them takes part no longer.
        :param differences: where the LMS tells next time what changed since.
        """
        listed = list(members)
        now = self.clock()
        count = headcount(listed, now)
        with self.database.write() as connection:
            tenants.counters(connection, entry.tenant_id, lock=True)
            known = self._known(connection, entry, listed)
            found = set(self._to_be_found(connection, entry.tenant_id, known).values())
            active = {known[m.user_id] for m in listed if m.active and m.user_id in known}
            already = rosters.members(connection, entry.tenant_id, entry.context_id)
            for learner_id in sorted((active & found) - already):
                learners.seen_in(connection, entry.tenant_id, entry.context_id, learner_id, now)
            rosters.left(connection, entry.tenant_id, entry.context_id, already - active)
            rosters.counted(connection, entry, count, now + ASK_AGAIN, differences)
        return count

    def roster_unchanged(self, entry: Roster, differences: str) -> None:
        """Keep that nobody came, left or changed: the counts stand.

        Where groups are read too, the whole list is read the next time: who is in which group is told there.
        """
        now = self.clock()
        with self.database.write() as connection:
            rosters.unchanged(connection, entry, now, now + ASK_AGAIN, "" if entry.groups else differences)

    @staticmethod
    def _to_be_found(connection: Connection, tenant_id: str, known: Mapping[str, str]) -> dict[str, str]:
        """Those of these people who agreed to be found by others."""
        granted = rights.granted(connection, tenant_id, set(known.values()))
        agreed = {i for i, pairs in granted.items() if any(p is Purpose.PEERS for p, _ in pairs)}
        return {user_id: learner_id for user_id, learner_id in known.items() if learner_id in agreed}

    def _known(self, connection: Connection, entry: Roster, members: Iterable[Member]) -> dict[str, str]:
        """What the LMS calls somebody to learner id, of those who are remembered."""
        account_of = {m.user_id: identity.account(entry.issuer, m.user_id) for m in members}
        digests = self._people.digests(entry.tenant_id, account_of.values())
        user_of = {digests[account]: user_id for user_id, account in account_of.items()}
        wanted, known = list(user_of), dict[str, str]()
        for start in range(0, len(wanted), CHUNK):
            found = learners.recognise(connection, entry.tenant_id, wanted[start : start + CHUNK])
            known |= {user_of[digest]: learner_id for digest, learner_id in found.items()}
        return known

    def roster_failed(self, entry: Roster, error: str) -> datetime:
        """Note why the LMS did not tell; returns when to ask again."""
        again = self.clock() + ASK_AFTER_FAILURE
        with self.database.write() as connection:
            rosters.failed(connection, entry, error, again)
        return again

    def members_of(self, tenant_id: str, context_id: str) -> Headcount | None:
        """How many take part in a course, as the LMS said last; None when it did not say."""
        with self.database.read() as connection:
            found = rosters.find(connection, tenant_id, context_id)
        return found[1] if found else None
