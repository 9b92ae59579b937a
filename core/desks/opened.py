"""The core, opened: settings, database, plugins and models, and what belongs to the whole of a tenant."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

from cachetools import LRUCache
from sqlalchemy import Connection

from .. import blend, intake, plugin_switches, rights
from ..catalogue import Catalogue
from ..errors import ConfigurationError, NotFound
from ..evidence import Event
from ..intake import Place
from ..known_people import KnownPeople
from ..models import Models
from ..outgoing import Outgoing
from ..people import Learner, Tenant
from ..plugins import Plugins
from ..secrets import Secrets
from ..settings import Settings
from ..store import catalogue, learners, plugin_choices, tenants
from ..store.database import Database


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Opened:
    """What every part of the core stands on.

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
        self.outgoing = Outgoing(settings.outgoing)
        self.plugins = plugins or Plugins(
            load=settings.plugins.load,
            disable=settings.plugins.disable | plugin_switches.off(self.database),
            apart=settings.plugins.apart,
            settings=settings.plugins.settings,
        )
        self.plugins.settings.secrets = self.secrets
        self.plugins.only_for_tenants()
        offered = self.plugins.models()
        self._learning = {plugin for plugin, _ in offered}
        self.models = Models(
            [("core", blend.BlendModel()), *offered],
            self.plugins.isolation,
            rights.granted,
            left_out=self._left_out,
        )
        self._people = KnownPeople(self.secrets.derive("identity"))
        self._catalogues: LRUCache[str, Catalogue] = LRUCache(50)
        self._places: LRUCache[str, dict[str, Place]] = LRUCache(50)
        self._cache_lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Self:
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
        self.plugins.close()
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

    def _plugins_of(self, connection: Connection, tenant_id: str) -> Plugins:
        """The plugins as this tenant uses them."""
        return self.plugins.of_tenant(tenant_id, plugin_choices.of_tenant(connection, tenant_id))

    def _left_out(self, connection: Connection, tenant_id: str) -> frozenset[str]:
        """Plugins of strangers that are off in this tenant: nothing of its people reaches their code.

        One of ours that is off goes on learning, so that it knows what happened when it is on again.
        """
        strangers = self._learning - self.plugins.trusted
        if not strangers:
            return frozenset()  # and then nothing is read
        plugins = self._plugins_of(connection, tenant_id)
        return frozenset(name for name in strangers if not plugins.choice(name).enabled)

    @staticmethod
    def _learner(connection: Connection, tenant_id: str, learner_id: str) -> Learner:
        found = learners.find(connection, tenant_id, learner_id)
        if found is None:
            raise NotFound("This learner is not remembered (any more).", "Open the page from the LMS again.")
        return found

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

    def _record(self, connection: Connection, tenant_id: str, learner_id: str, new: Sequence[Event]) -> None:
        """Append events of one learner and learn from them."""
        at = tenants.counters(connection, tenant_id, lock=True)
        self.models.states(connection, tenant_id, at)
        intake.append(connection, tenant_id, at, new)
        granted = rights.granted(connection, tenant_id, [learner_id])
        self.models.arrived(tenant_id, at.model_epoch, at.event_seq + 1, new, granted)
