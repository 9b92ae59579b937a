"""The core as the rest of the house uses it: one object, one call for each thing that can happen.

A handler asks one question here and renders the answer. Everything that needs the database, the models
and the plugins together meets in this module; each part has its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from cachetools import LRUCache
from sqlalchemy import Connection

from . import blend, engine, importing, intake, learner_page, opening, rights
from .arrival import Arrival, Receipt
from .catalogue import Catalogue, Skill
from .drafts import Draft, ImportReport
from .errors import ConfigurationError, Forbidden, NotFound
from .evidence import Event, EventKind
from .intake import Place
from .known_people import KnownPeople
from .launch import Launch
from .models import Models
from .page import LearnerPage, Shown
from .people import Context, Grant, Learner, Profile, Purpose, Source, Tenant
from .plugins import Plugins
from .proposals import Dismissal, Outcome, Situation, Suggestion
from .secrets import Secrets
from .settings import Settings
from .store import catalogue, events, learners, suggestions, tenants
from .store.database import Database

RATING_SCORES = {1: 0.0, 2: 0.6, 3: 0.8, 4: 1.0}
"""Again, hard, good, easy: what a review's answer counts as a result."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Core:
    """Stifinder without its border.

    :param clock: gives timezone-aware UTC times; tests pass their own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        plugins: Plugins | None = None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.secrets = Secrets.open(settings.data_dir, settings.secret)
        self.database = Database(settings.database_url)
        self.plugins = plugins or Plugins(
            load=settings.plugins.load, disable=settings.plugins.disable, settings=settings.plugins.settings
        )
        self.models = Models(
            [("core", blend.BlendModel()), *self.plugins.models()], self.plugins.isolation, rights.granted
        )
        self._people = KnownPeople(self.secrets.derive("identity"))
        self._catalogues: LRUCache[str, Catalogue] = LRUCache(50)
        self._places: LRUCache[str, dict[str, Place]] = LRUCache(50)
        self._cache_lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Core:
        """Open with the usual plugins and clock; makes the data directory.

        :raises ConfigurationError: when the data directory cannot be made.
        """
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"The data directory {settings.data_dir} cannot be made ({error.strerror}).",
                "Set STIFINDER_DATA_DIR to a folder you may write to.",
            ) from error
        return cls(settings)

    def migrate(self) -> None:
        """Bring the database to the newest version, and make sure the tool's own tenant exists."""
        self.database.migrate()
        with self.database.write() as connection:
            if tenants.find(connection, "system") is None:
                tenants.add(connection, "system", "Stifinder", "en", self.clock())

    def close(self) -> None:
        """Store what the models learned since their last snapshot, and close the database."""
        for tenant_id in self.models.hosted_tenants():
            if self.models.unsaved(tenant_id):
                self.save_models(tenant_id)
        self.database.close()

    def save_models(self, tenant_id: str) -> None:
        """Store the models' states, so that the next start need not read the whole log."""
        with self._changing_models(tenant_id) as connection:
            self.models.states(connection, tenant_id, tenants.counters(connection, tenant_id, lock=True))
            self.models.save(connection, tenant_id)

    @contextmanager
    def _changing_models(self, tenant_id: str) -> Iterator[Connection]:
        """A write transaction that may change models; if it fails, this process lets its states go."""
        with self.models.lock(tenant_id):
            try:
                with self.database.write() as connection:
                    yield connection
            except BaseException:
                self.models.discard(tenant_id)
                raise

    # --- tenants and people ---

    def add_tenant(self, tenant_id: str, name: str, locale: str = "en") -> Tenant:
        """Add a tenant.

        :raises Conflict: when the id is taken.
        """
        with self.database.write() as connection:
            return tenants.add(connection, tenant_id, name, locale, self.clock())

    def tenant(self, tenant_id: str) -> Tenant | None:
        """One tenant, or None."""
        with self.database.read() as connection:
            return tenants.find(connection, tenant_id)

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
        """Record another legal basis than consent for a purpose."""
        with self.database.write() as connection:
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
            learner_id = learners.recognise(connection, tenant_id, digests[:1]).get(digests[0], "")
            remembered = bool(wanted) or bool(tenants.legal_bases(connection, tenant_id))
            if not remembered:
                if learner_id:
                    rights.erase(connection, tenant_id, learner_id, self.models, self.plugins, now)
                return ""
            if not learner_id:
                learner_id = learners.remember(
                    connection, tenant_id, digests, launch.roles, launch.locale, now
                )
            else:
                learners.name_again(connection, tenant_id, learner_id, digests)
            rights.set_grants(connection, tenant_id, learner_id, wanted, self.models, now)
            return learner_id

    def profile(self, tenant_id: str, learner_id: str) -> Profile:
        """What the person says about themselves.

        :raises NotFound: when the learner is not remembered.
        """
        with self.database.read() as connection:
            return self._learner(connection, tenant_id, learner_id).profile

    def set_profile(self, tenant_id: str, learner_id: str, profile: Profile) -> None:
        """Replace what the person says about themselves."""
        with self.database.write() as connection:
            self._learner(connection, tenant_id, learner_id)
            learners.set_profile(connection, tenant_id, learner_id, profile)

    def answer_questions(self, tenant_id: str, learner_id: str, answers: Mapping[str, str]) -> None:
        """Put answers to opening questions into the profile."""
        with self.database.write() as connection:
            learner = self._learner(connection, tenant_id, learner_id)
            learners.set_profile(
                connection, tenant_id, learner_id, opening.answered(learner.profile, answers)
            )

    @staticmethod
    def _learner(connection: Connection, tenant_id: str, learner_id: str) -> Learner:
        found = learners.find(connection, tenant_id, learner_id)
        if found is None:
            raise NotFound("This learner is not remembered (any more).", "Open the page from the LMS again.")
        return found

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

    # --- catalogue ---

    def catalogue(self, tenant_id: str) -> Catalogue:
        """The tenant's catalogue as it stands."""
        with self.database.read() as connection:
            return self._catalogue(connection, tenant_id, tenants.counters(connection, tenant_id))

    def _catalogue(self, connection: Connection, tenant_id: str, at: tenants.Counters) -> Catalogue:
        version = f"{tenant_id}:{at.catalogue_version}"
        with self._cache_lock:
            known = self._catalogues.get(tenant_id)
        if known is None or known.version != version:
            known = catalogue.load(connection, tenant_id, at.catalogue_version)
            with self._cache_lock:
                self._catalogues[tenant_id] = known
        return known

    def import_catalogue(
        self, tenant_id: str, drafts: Iterable[Draft], *, progress: Callable[[int], None] = lambda _: None
    ) -> ImportReport:
        """Insert or update activities, tagged by the plugins, all or none of them."""
        with self.database.write() as connection:
            return importing.store(connection, tenant_id, drafts, self.plugins, progress)

    def import_skills(self, tenant_id: str, skills: Iterable[tuple[str, str, Sequence[str]]]) -> int:
        """Insert or update skills given as (key, title, terms); returns how many."""
        wanted = [
            Skill(
                catalogue.opaque(tenant_id, "skill", key), tenant_id, title, tuple(t.lower() for t in terms)
            )
            for key, title, terms in skills
        ]
        with self.database.write() as connection:
            at = tenants.counters(connection, tenant_id, lock=True)
            catalogue.store_skills(connection, tenant_id, wanted)
            tenants.advance(connection, tenant_id, catalogue_version=at.catalogue_version + 1)
        return len(wanted)

    def ban(self, tenant_id: str, activity_key: str, *, decided_by: str, lift: bool = False) -> None:
        """Have an activity no longer suggested to anybody in the tenant, or again.

        :raises NotFound: when the catalogue has no such activity.
        """
        activity_id = catalogue.opaque(tenant_id, "activity", activity_key)
        if activity_id not in self.catalogue(tenant_id).by_id:
            raise NotFound(
                f"There is no activity {activity_key!r}.", "`stifinder catalogue list` shows them."
            )
        with self.database.write() as connection:
            if lift:
                catalogue.unban(connection, tenant_id, "", activity_id)
            else:
                catalogue.ban(connection, tenant_id, "", activity_id, decided_by, self.clock())

    # --- evidence ---

    def intake(self, tenant_id: str, arrivals: Sequence[Arrival]) -> Receipt:
        """Take a batch of statements in: all of it is stored and learned from, or none.

        :raises Conflict: when a statement contradicts a stored one with the same id.
        :raises StoreUnavailable: when the database does not take it; nothing was stored.
        """
        identities = {a.identity for a in arrivals if a.identity}
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            at = tenants.counters(connection, tenant_id, lock=True)
            learner_of, granted = self._people.look_up(connection, tenant_id, at.people_version, identities)
            self.models.states(connection, tenant_id, at)
            appended = intake.store(
                connection,
                tenant_id,
                arrivals,
                at=at,
                learner_of=learner_of,
                granted=granted,
                places=self._by_object(connection, tenant_id, at),
                now=now,
            )
            self.models.arrived(tenant_id, appended.epoch, appended.first_seq, appended.events, granted)
        return appended.receipt

    def _by_object(self, connection: Connection, tenant_id: str, at: tenants.Counters) -> dict[str, Place]:
        """xAPI object to its place in the catalogue."""
        current = self._catalogue(connection, tenant_id, at)
        with self._cache_lock:
            places = self._places.get(current.version)
        if places is None:
            places = {
                a.object_id: Place(a.id, a.context_ids[0] if a.context_ids else "", a.skill_ids)
                for a in current
                if a.object_id
            }
            with self._cache_lock:
                self._places[current.version] = places
        return places

    def statement(self, tenant_id: str, statement_id: str) -> tuple[bytes, datetime] | None:
        """A stored statement and when it was stored, or None."""
        with self.database.read() as connection:
            return events.statements(connection, tenant_id, [statement_id]).get(statement_id)

    def _record(self, connection: Connection, tenant_id: str, learner_id: str, new: Sequence[Event]) -> None:
        """Append events of one learner and learn from them."""
        at = tenants.counters(connection, tenant_id, lock=True)
        self.models.states(connection, tenant_id, at)
        intake.append(connection, tenant_id, at, new)
        granted = rights.granted(connection, tenant_id, [learner_id])
        self.models.arrived(tenant_id, at.model_epoch, at.event_seq + 1, new, granted)

    # --- the learner page ---

    def page(
        self,
        launch: Launch,
        learner_id: str,
        *,
        minutes: int = 20,
        locale: str = "en",
        answers: Mapping[str, str] | None = None,
        take_anyway: bool = False,
    ) -> LearnerPage:
        """Everything the learner page shows.

        :param learner_id: "" for a person who is not remembered: nothing is read or stored about them.
        :param answers: what such a person answered in this visit.
        """
        with self.models.lock(launch.tenant_id), self.database.read() as connection:
            at = tenants.counters(connection, launch.tenant_id)
            visit = learner_page.read(
                connection,
                launch,
                learner_id,
                catalogue=self._catalogue(connection, launch.tenant_id, at),
                states=lambda: self.models.states(connection, launch.tenant_id, at),
                now=self.clock(),
                seed=self.settings.seed,
                minutes=minutes,
                locale=locale,
                answers=answers or {},
            )
            answer = engine.suggest(
                visit.situation,
                self.plugins,
                dismissed=visit.dismissed,
                banned=visit.banned,
                take_anyway=take_anyway,
            )
        kept = learner_page.NOTHING_KEPT
        if visit.remembered:
            with self.database.write() as connection:
                kept = learner_page.keep(connection, visit, answer, self.plugins)
        return learner_page.compose(visit, answer, kept, self.plugins)

    def _suggestion(
        self, connection: Connection, tenant_id: str, learner_id: str, suggestion_id: str
    ) -> Suggestion:
        found = suggestions.find_many(connection, tenant_id, learner_id, [suggestion_id])
        if not found:
            raise NotFound("There is no such suggestion.", "Go back to the page: it shows the current ones.")
        return found[0]

    def suggestion(self, tenant_id: str, learner_id: str, suggestion_id: str) -> Shown:
        """One recorded suggestion with its activity.

        :raises NotFound: when it is not this learner's, or its activity left the catalogue.
        """
        current = self.catalogue(tenant_id)
        with self.database.read() as connection:
            found = self._suggestion(connection, tenant_id, learner_id, suggestion_id)
        if found.activity_id not in current.by_id:
            raise NotFound(
                "The activity of this suggestion is no longer in the catalogue.", "Choose another one."
            )
        return Shown(found, current.by_id[found.activity_id])

    def start(self, tenant_id: str, learner_id: str, suggestion_id: str) -> str:
        """Note that the learner starts a suggestion; returns the activity's address."""
        address = self.suggestion(tenant_id, learner_id, suggestion_id).activity.address
        self._came_of(tenant_id, learner_id, suggestion_id, Outcome.STARTED)
        return address

    def dismiss(self, tenant_id: str, learner_id: str, suggestion_id: str, why: Dismissal) -> None:
        """Note that a suggestion is not for this learner, and why."""
        self._came_of(tenant_id, learner_id, suggestion_id, Outcome.DISMISSED, why)

    def _came_of(
        self,
        tenant_id: str,
        learner_id: str,
        suggestion_id: str,
        outcome: Outcome,
        why: Dismissal | None = None,
    ) -> None:
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            found = self._suggestion(connection, tenant_id, learner_id, suggestion_id)
            after = suggestions.come_of(connection, found, outcome, now, why)
            granted = rights.granted(connection, tenant_id, [learner_id])
            if after is not None and intake.keeps(granted.get(learner_id, frozenset()), Source.PAGE):
                self._record(
                    connection, tenant_id, learner_id, [intake.credit(after, outcome, now, Source.PAGE)]
                )

    def undo_dismiss(self, tenant_id: str, learner_id: str, suggestion_id: str) -> None:
        """Take a dismissal back, and what the models learned from it."""
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            found = self._suggestion(connection, tenant_id, learner_id, suggestion_id)
            if found.dismissal is None:
                return
            suggestions.take_back_dismissal(connection, found)
            if events.remove(connection, tenant_id, learner_id, intake.credit_id(found, Outcome.DISMISSED)):
                kept = events.of_learner(connection, tenant_id, learner_id)
                self.models.relearn(connection, tenant_id, learner_id, kept)

    def answer_review(self, tenant_id: str, learner_id: str, skill_id: str, rating: int) -> datetime:
        """Note how well a skill was recalled (1 again, 2 hard, 3 good, 4 easy); returns when it is due next.

        :raises Forbidden: when the person has not agreed to what they say here being kept.
        :raises NotFound: when there is no such skill.
        """
        current = self.catalogue(tenant_id)
        if skill_id not in current.skills or rating not in RATING_SCORES:
            raise NotFound("There is no such skill or answer.", "Go back to the page and choose again.")
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            learner = self._learner(connection, tenant_id, learner_id)
            granted = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
            if (Purpose.SUGGESTIONS, Source.PAGE) not in granted:
                raise Forbidden(
                    "Reviews are only counted for people who agreed that answers given here are kept.",
                    "Agree to it under “What is stored about me”.",
                )
            review = Event(
                id=intake.new_id(),
                tenant_id=tenant_id,
                learner_id=learner_id,
                kind=EventKind.REVIEWED,
                at=now,
                source=Source.PAGE,
                skills=(skill_id,),
                success=rating > 1,
                score=RATING_SCORES[rating],
            )
            self._record(connection, tenant_id, learner_id, [review])
            situation = Situation(
                now=now,
                seed=self.settings.seed,
                minutes=0,
                learner=learner,
                context=Context("", tenant_id, ""),
                catalogue=current,
                pool=(),
                models=dict(self.models.states(connection, tenant_id)),
            )
        scheduled = engine.estimate(situation, self.plugins).reviews
        return next((r.due for r in scheduled if r.skill_id == skill_id), now)
