"""The catalogue comes in, and staff rule things out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .. import importing, learner_page
from ..catalogue import Activity, Catalogue, Skill
from ..decisions import Decided, Decision, DecisionKind
from ..drafts import Draft, ImportReport
from ..errors import NotFound
from ..launch import Launch
from ..store import catalogue, choices, decisions, tenants
from .opened import Opened


class CatalogueDesk(Opened):
    """Calls about the catalogue."""

    def import_catalogue(
        self, tenant_id: str, drafts: Iterable[Draft], *, progress: Callable[[int], None] = lambda _: None
    ) -> ImportReport:
        """Insert or update activities, tagged by the plugins, all or none of them."""
        with self.database.write() as connection:
            plugins = self._plugins_of(connection, tenant_id)
            return importing.store(connection, tenant_id, drafts, plugins, progress)

    def import_skills(self, tenant_id: str, skills: Iterable[tuple[str, str, Sequence[str]]]) -> int:
        """Insert or update skills given as (key, title, terms); returns how many."""
        drafts = list(skills)
        with self.database.write() as connection:
            at = tenants.counters(connection, tenant_id, lock=True)
            numbered_as = choices.numbered_as(connection, tenant_id)
            wanted = [
                Skill(
                    catalogue.opaque(numbered_as, "skill", key),
                    tenant_id,
                    title,
                    tuple(t.lower() for t in terms),
                )
                for key, title, terms in drafts
            ]
            catalogue.store_skills(connection, tenant_id, wanted)
            tenants.advance(connection, tenant_id, catalogue_version=at.catalogue_version + 1)
        return len(wanted)

    def offered(self, launch: Launch) -> tuple[Catalogue, tuple[Activity, ...]]:
        """The catalogue, and what of it a teacher may link to from this course: the course's own first."""
        current = self.catalogue(launch.tenant_id)
        with self.database.read() as connection:
            context = learner_page.find_context(connection, launch)
            banned = Decided.of(decisions.applying(connection, launch.tenant_id, context.id)).banned
        own = current.in_context(context.id)
        others = [a for a in current if context.id not in a.context_ids]
        return current, tuple(a for a in (*own, *others) if a.id not in banned)

    def ban(self, tenant_id: str, activity_key: str, *, decided_by: str, lift: bool = False) -> None:
        """Have an activity no longer suggested to anybody in the tenant, or again.

        :raises NotFound: when the catalogue has no such activity.
        """
        activity_id = next((a.id for a in self.catalogue(tenant_id) if a.key == activity_key), "")
        if not activity_id:
            raise NotFound(
                f"There is no activity {activity_key!r}.", "`stifinder catalogue list` shows them."
            )
        never = Decision(DecisionKind.NEVER, activity_id, by=decided_by)
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            if lift:
                decisions.lift(connection, tenant_id, never)
            else:
                decisions.decide(connection, tenant_id, never, self.clock())
