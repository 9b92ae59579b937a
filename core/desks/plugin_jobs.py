"""The jobs of plugins: which there are, which are due, and doing them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import rights
from ..catalogue import Catalogue
from ..errors import Forbidden, NoAnswer, NotFound
from ..evidence import Event
from ..isolation import Isolation
from ..jobs import MOST_SECONDS, Job
from ..manifests import Manifest, Reads
from ..people import Source
from ..plugin_health import without_folders
from ..staff import Actor
from ..store import events, learners, plugin_jobs, plugin_values, tenants
from ..store.plugin_jobs import JobState
from ..store.tables import SYSTEM
from .staff import StaffDesk

if TYPE_CHECKING:
    from ..people import Purpose
    from ..plugins import Plugins

LEASE = timedelta(seconds=MOST_SECONDS + 60)
"""A process that died gives its job up after this."""
LONGEST_WAIT = timedelta(days=1)
SECONDS_BETWEEN = 1.0
"""Progress is noted no more often."""


@dataclass(frozen=True, slots=True)
class JobHere:
    """A job as a tenant has it.

    :param state: None before it was first looked for.
    """

    plugin: str
    job: Job
    state: JobState | None


class PluginJobsDesk(StaffDesk):
    """Calls about the jobs of plugins."""

    def plugin_jobs(self, tenant_id: str) -> list[JobHere]:
        """All jobs of the plugins that a tenant uses, by plugin and name."""
        with self.database.read() as connection:
            states = plugin_jobs.of_tenant(connection, tenant_id)
            offered = self._plugins_of(connection, tenant_id).jobs()
        found = [JobHere(plugin, job, states.get((plugin, job.name))) for plugin, job in offered]
        return sorted(found, key=lambda here: (here.plugin, here.job.name))

    def run_plugin_jobs(self) -> int:
        """Do what is due, in every tenant; returns how many went well.

        Any number of processes may: a job is claimed before it is begun.
        """
        if not self.plugins.with_jobs:
            return 0
        with self.database.read() as connection:
            known = [tenant.id for tenant in tenants.every(connection) if tenant.id != SYSTEM]
        return sum(
            self._run(tenant_id, plugin, job) for tenant_id in known for plugin, job in self._due(tenant_id)
        )

    def run_plugin_job_soon(self, tenant_id: str, actor: Actor, plugin: str, job: str) -> None:
        """Make a job due now.

        :raises NotFound: when there is no such job, or its plugin is not used here.
        """
        if (plugin, job) not in {(here.plugin, here.job.name) for here in self.plugin_jobs(tenant_id)}:
            raise NotFound("There is no such job.", "Load the page again: it shows those there are.")
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            plugin_jobs.introduce(connection, tenant_id, [(plugin, job)], self.clock())
            plugin_jobs.change(connection, tenant_id, plugin, job, next_at=self.clock())
            self._record_act(connection, tenant_id, actor, "run job", f"{plugin}: {job}")

    def _due(self, tenant_id: str) -> list[tuple[str, Job]]:
        now = self.clock()
        here = self.plugin_jobs(tenant_id)
        new = [(each.plugin, each.job.name) for each in here if each.state is None]
        if new:
            with self.database.write() as connection:
                tenants.counters(connection, tenant_id, lock=True)
                plugin_jobs.introduce(connection, tenant_id, new, now)
        return [
            (each.plugin, each.job)
            for each in here
            if each.state is None or (each.state.next_at <= now and not each.state.runs(now))
        ]

    def _run(self, tenant_id: str, plugin: str, job: Job) -> bool:
        began = self.clock()
        with self.database.write() as connection:
            if not plugin_jobs.claim(connection, tenant_id, plugin, job.name, began, began + LEASE):
                return False
            plugins = self._plugins_of(connection, tenant_id)
            before = plugin_jobs.of_tenant(connection, tenant_id)[plugin, job.name]
        # By itself, so that a job that fails takes no vote from its plugin.
        isolation, name = self.plugins.isolation, f"{plugin}: {job.name}"
        isolation.try_again(name)
        well, _ = isolation.call(
            name,
            "jobs",
            job.run,
            {"host": _Host(self, tenant_id, plugin, plugins, job.name)},
            seconds=MOST_SECONDS,
            check=lambda answer: answer,
        )
        ended = self.clock()
        failures = 0 if well else before.failures + 1
        wait = job.every if well else max(job.every, min(LONGEST_WAIT, timedelta(minutes=2**failures)))
        with self.database.write() as connection:
            plugin_jobs.change(
                connection,
                tenant_id,
                plugin,
                job.name,
                claimed_until=None,
                ended_at=ended,
                next_at=ended + wait,
                failures=failures,
                failure="" if well else _words(isolation, name),
            )
        return well


def _words(isolation: Isolation, name: str) -> str:
    failure = isolation.health[name].last_failure
    if failure is None:
        return "not called: earlier runs never ended"
    last = without_folders(failure)
    at = f" at {last.frames[-1].file}:{last.frames[-1].line}" if last.frames else ""
    return f"{last.kind}, {last.words}{at}"[:500]


class _Host:
    """What one run of a job is given; see ``jobs.JobHost``."""

    def __init__(self, desk: PluginJobsDesk, tenant_id: str, plugin: str, plugins: Plugins, job: str) -> None:
        self._desk, self._tenant_id, self._plugin, self._job = desk, tenant_id, plugin, job
        self._manifest: Manifest = plugins.manifest(plugin)
        self.settings: Mapping[str, Any] = plugins.settings.of(plugin, plugins.choice(plugin))
        self.now: datetime = desk.clock()
        self._noted = 0.0

    @property
    def catalogue(self) -> Catalogue:
        return self._desk.catalogue(self._tenant_id)

    def learners(self) -> Sequence[str]:
        with self._desk.database.read() as connection:
            everybody = learners.every(connection, self._tenant_id)
            agreed = rights.granted(connection, self._tenant_id, everybody)
        return sorted(one for one in everybody if self._covered(agreed.get(one, frozenset())))

    def _covered(self, agreed: rights.Pairs) -> frozenset[Source]:
        """The sources for which somebody agreed to everything that the manifest names."""
        wanted: Collection[Purpose] = self._manifest.purposes
        return frozenset(s for s in Source if wanted and all((purpose, s) in agreed for purpose in wanted))

    def history(self, learner_id: str) -> Sequence[Event]:
        if Reads.HISTORY not in self._manifest.reads:
            return ()
        with self._desk.database.read() as connection:
            agreed = rights.granted(connection, self._tenant_id, [learner_id])
            sources = self._covered(agreed.get(learner_id, frozenset()))
            found = events.history(connection, self._tenant_id, learner_id) if sources else ()
        return tuple(event for event in found if event.source in sources)

    def kept(self, learner_id: str = "") -> Mapping[str, Any]:
        with self._desk.database.read() as connection:
            of_tenant, of_learner = plugin_values.of_page(connection, self._tenant_id, learner_id)
        return (of_learner if learner_id else of_tenant).get(self._plugin, {})

    def keep(self, key: str, value: Any, learner_id: str = "") -> None:
        with self._desk.database.write() as connection:
            tenants.counters(connection, self._tenant_id, lock=True)
            under: rights.Pairs = frozenset()
            if learner_id:
                agreed = rights.granted(connection, self._tenant_id, [learner_id]).get(
                    learner_id, frozenset()
                )
                known = learners.find(connection, self._tenant_id, learner_id) is not None
                if not known or not self._covered(agreed):
                    raise Forbidden(
                        "Nothing is kept of a learner who did not agree to what the plugin's manifest names.",
                        "Go through learners(), which leaves such people out.",
                    )
                under = frozenset(pair for pair in agreed if pair[0] in self._manifest.purposes)
            plugin_values.keep(
                connection,
                self._tenant_id,
                self._plugin,
                learner_id,
                key,
                value,
                under,
                self._desk.clock(),
            )

    def forget(self, key: str, learner_id: str = "") -> None:
        with self._desk.database.write() as connection:
            plugin_values.forget(connection, self._tenant_id, self._plugin, learner_id, key)

    def fetch(self, url: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
        hosts = self._manifest.hosts
        if not hosts:
            raise Forbidden("The plugin's manifest names no host.", "Add it to hosts.")
        method = "GET" if json is None else "POST"
        answer = self._desk.outgoing.request(method, url, json=json, headers=headers, only=hosts)
        if not 200 <= answer.status < 300:
            raise NoAnswer(
                f"{urlsplit(answer.url).hostname} answered {answer.status}.",
                "Look at what the host says of it.",
            )
        return answer.body

    def progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._noted < SECONDS_BETWEEN and done < total:
            return
        self._noted = now
        with self._desk.database.write() as connection:
            plugin_jobs.change(
                connection, self._tenant_id, self._plugin, self._job, done=int(done), total=int(total)
            )


def standing(here: JobHere, now: datetime) -> str:
    """A word for how a job stands: ``runs``, ``failed``, ``waits``, or ``new``."""
    if here.state is None or here.state.started_at is None:
        return "new"
    if here.state.runs(now):
        return "runs"
    return "failed" if here.state.failure else "waits"
