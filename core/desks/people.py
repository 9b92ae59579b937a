"""What people decide about themselves: agree, say, see, be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from .. import opening, rights
from ..errors import Forbidden
from ..launch import Launch
from ..people import Grant, Profile, Purpose, Source
from ..store import learners, tenants
from .opened import Opened


class PeopleDesk(Opened):
    """Calls about people; see ``rights`` for what they do."""

    def recognise(self, launch: Launch) -> str:
        """The learner's id if this person is remembered, else "".

        Only the LMS's own account says who somebody is: in many an LMS people can change their e-mail
        address, and must not come by another person's record that way. Where the tenant recorded another
        legal basis than consent, an unknown person is remembered now.
        """
        account = self._people.digests(launch.tenant_id, launch.identities[:1])
        with self.database.read() as connection:
            known = learners.recognise(connection, launch.tenant_id, account.values())
            bases = tenants.legal_bases(connection, launch.tenant_id)
        if known:
            return next(iter(known.values()))
        return self.agree(launch, ()) if any(p is Purpose.SUGGESTIONS for p, _ in bases) else ""

    def agreements(self, tenant_id: str, learner_id: str) -> list[Grant]:
        """What the learner agreed to, then what rests on another recorded basis."""
        with self.database.read() as connection:
            own = learners.agreements(connection, tenant_id, learner_id) if learner_id else []
            bases = tenants.legal_bases(connection, tenant_id)
        taken = {(g.purpose, g.source) for g in own}
        now = self.clock()
        return own + [Grant(p, s, now, basis) for (p, s), (basis, _) in bases.items() if (p, s) not in taken]

    def legal_bases(self, tenant_id: str) -> Mapping[tuple[Purpose, Source], tuple[str, str]]:
        """Purpose and source to (basis, text shown to learners), where the tenant recorded one."""
        with self.database.read() as connection:
            return tenants.legal_bases(connection, tenant_id)

    def set_legal_basis(
        self, tenant_id: str, purpose: Purpose, source: Source, *, basis: str, decided_by: str, notice: str
    ) -> None:
        """Record another legal basis than consent for a purpose; it replaces one recorded earlier."""
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            tenants.set_legal_basis(
                connection,
                tenant_id,
                purpose,
                source,
                basis=basis,
                decided_by=decided_by,
                notice=notice,
                now=self.clock(),
            )
            self.models.rebuild(connection, tenant_id)

    def remove_legal_basis(self, tenant_id: str, purpose: Purpose, source: Source) -> int:
        """Have a purpose rest on consent alone again, and remove what was kept without it.

        :returns: how many people, who had agreed to nothing, were forgotten.
        :raises NotFound: when no other basis is recorded for it.
        """
        with self._changing_models(tenant_id) as connection:
            forgotten = rights.remove_basis(
                connection, tenant_id, purpose, source, self.models, self.plugins, self.clock()
            )
        self.database.scrub()
        return forgotten

    def agree(self, launch: Launch, grants: Iterable[tuple[Purpose, Source]]) -> str:
        """Make exactly these grants the person's; with none, and no other basis, the person is forgotten.

        :returns: the learner's id, "" when nothing is remembered.
        """
        wanted = frozenset(grants)
        tenant_id = launch.tenant_id
        digests = list(self._people.digests(tenant_id, launch.identities).values())
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            known = learners.recognise(connection, tenant_id, digests[:1]).get(digests[0], "")
            remembered = bool(wanted) or bool(tenants.legal_bases(connection, tenant_id))
            learner_id = known
            if not remembered:
                learner_id = ""
                if known:
                    rights.erase(connection, tenant_id, known, self.models, self.plugins, now)
            else:
                if known:
                    learners.name_again(connection, tenant_id, known, digests)
                else:
                    learner_id = learners.remember(
                        connection, tenant_id, digests, launch.roles, launch.locale, now
                    )
                rights.set_grants(connection, tenant_id, learner_id, wanted, self.models, now)
        if known:  # something may have been withdrawn
            self.database.scrub()
        return learner_id

    def profile(self, tenant_id: str, learner_id: str) -> Profile:
        """What the person says about themselves.

        :raises NotFound: when the learner is not remembered.
        """
        with self.database.read() as connection:
            return self._learner(connection, tenant_id, learner_id).profile

    def set_profile(self, tenant_id: str, learner_id: str, profile: Profile) -> None:
        """Replace what the person says about themselves.

        :raises Forbidden: when the person has not agreed to what they say here being kept.
        """
        with self.database.write() as connection:
            self._learner(connection, tenant_id, learner_id)
            self._must_keep_what_is_said(connection, tenant_id, learner_id)
            learners.set_profile(connection, tenant_id, learner_id, profile)

    def answer_questions(self, tenant_id: str, learner_id: str, answers: Mapping[str, str]) -> None:
        """Put answers to opening questions into the profile.

        :raises Forbidden: when the person has not agreed to what they say here being kept.
        """
        with self.database.write() as connection:
            learner = self._learner(connection, tenant_id, learner_id)
            self._must_keep_what_is_said(connection, tenant_id, learner_id)
            learners.set_profile(
                connection, tenant_id, learner_id, opening.answered(learner.profile, answers)
            )

    @staticmethod
    def _must_keep_what_is_said(connection: Connection, tenant_id: str, learner_id: str) -> None:
        allowed = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
        if (Purpose.SUGGESTIONS, Source.PAGE) not in allowed:
            raise Forbidden(
                "What people say about themselves is only kept for those who agreed to it.",
                "Agree to it under “What is stored about me”.",
            )

    def held(self, tenant_id: str, learner_id: str) -> dict[str, Any]:
        """Everything kept about a learner, JSON-ready, by kind; empty when the person is not remembered."""
        with self.database.read() as connection:
            return rights.held(connection, tenant_id, learner_id, self.models)

    def erase(self, tenant_id: str, learner_id: str) -> dict[str, Any]:
        """Forget a person everywhere; returns the receipt (see ``rights.erase``)."""
        with self._changing_models(tenant_id) as connection:
            receipt = rights.erase(connection, tenant_id, learner_id, self.models, self.plugins, self.clock())
        self.database.scrub()
        return receipt
