"""What is done beside the pages: sending scores, asking for members of courses, removing what is too old.

The queue (huey) says when; what is to be done stands in the database, so nothing is lost when a queue is
emptied, and any number of processes may work: each score is claimed before it is sent.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cachetools import LRUCache
from flask import current_app
from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from huey.exceptions import ConfigurationError as QueueError

from ..adapters.lti import grades, groups, roster
from ..adapters.lti import line_items as line_items_of
from ..adapters.lti.paging import ListRefused
from ..adapters.lti.tokens import Tokens
from ..core.errors import ConfigurationError, StifinderError
from ..core.store import lti as store
from ..core.store.tool_keys import signing_key
from .lti.deep_linking_answer import MAXIMUM

if TYPE_CHECKING:
    from ..core.desks.grades import Taken
    from ..core.launch import Launch
    from ..core.membership import Member
    from ..core.service import Core
    from ..core.store.rosters import Roster

QUEUE = "stifinder.jobs"
"""Where an application keeps its queue (``app.extensions``), if it has one."""
FILE_NAME = "jobs.db"
SOON_SECONDS = 300
"""After this a wish to send soon is void: the minute does the same, and an unserved queue stays small."""
STOP_SECONDS = 5
"""How long a stopping worker may take to end what it is at; what it does not end is tried again."""

log = logging.getLogger("stifinder.jobs")


class Jobs:
    """The work itself; call it from a queue, a command or a test.

    Not for two threads at once; several processes are fine.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._columns: LRUCache[str, str] = LRUCache(1000)
        self._tokens = Tokens(
            core.outgoing, lambda: signing_key(core.database, core.secrets, core.clock()), core.clock
        )

    def send_scores(self) -> int:
        """Grade what is new, and send every score that is due; returns how many the LMSs took.

        An LMS that does not answer is left alone until the next time.
        """
        core = self._core
        core.count_progress()
        sent, silent = 0, set[str]()
        while taken := core.take_scores(skip=silent):
            for each in taken:
                sent += self._send(each, silent)
        return sent

    def _send(self, taken: Taken, silent: set[str]) -> bool:
        core, waiting = self._core, taken.waiting
        if waiting.registration_id in silent:
            core.score_failed(taken, "The LMS did not answer a moment ago.", status=0, again=True)
            return False
        score = grades.Score(taken.user_id, waiting.score, MAXIMUM, taken.at)
        try:
            with core.database.read() as connection:
                registration = store.get(connection, waiting.tenant_id, waiting.registration_id)
            column = self._column(registration, waiting.line_item)
            grades.send(core.outgoing, self._tokens, registration, column, score)
        except ListRefused as error:
            core.score_failed(taken, str(error), status=0, again=True)
            return False
        except grades.ScoreRefused as error:
            core.score_failed(
                taken, str(error), status=error.status_there, again=error.again, after=error.after
            )
            if error.again and (error.status_there == 0 or error.status_there >= 500):
                silent.add(waiting.registration_id)
            log.warning("score %s of %s: %s", waiting.id, waiting.tenant_id, error)
            return False
        except StifinderError as error:
            lasting = error.code in ("not-found", "address-refused")
            core.score_failed(taken, str(error), status=0 if lasting else None, again=not lasting)
            silent.add(waiting.registration_id)
            log.warning("score %s of %s: %s", waiting.id, waiting.tenant_id, error)
            return False
        core.score_arrived(taken)
        return True

    def _column(self, registration: store.Registration, address: str) -> str:
        """The address of a link's column; looked for once where the launch named only the list of columns."""
        line_items, _, link_id = address.partition("#")
        if not link_id:
            return address
        if address not in self._columns:
            self._columns[address] = line_items_of.of_link(
                self._core.outgoing, self._tokens, registration, line_items, unquote(link_id)
            )
        return self._columns[address]

    def read_rosters(self) -> int:
        """Ask for the members of every course that is due; returns for how many an LMS told."""
        core, told = self._core, 0
        for entry in core.due_rosters():
            try:
                with core.database.read() as connection:
                    registration = store.get(connection, entry.tenant_id, entry.registration_id)
                self._read_roster(entry, registration)
            except StifinderError as error:
                core.roster_failed(entry, str(error))
                log.warning("members of a course of %s: %s", entry.tenant_id, error)
            else:
                told += 1
        return told

    def _read_roster(self, entry: Roster, registration: store.Registration) -> None:
        core = self._core
        told = roster.told(
            core.outgoing,
            self._tokens,
            registration,
            entry.address,
            differences=entry.differences,
            with_groups=bool(entry.groups),
        )
        if told.unchanged:
            core.roster_unchanged(entry, told.differences)
            return
        core.take_roster(entry, told.members, told.differences)
        if entry.groups:
            self._read_groups(entry, registration, told.members)

    def _read_groups(
        self, entry: Roster, registration: store.Registration, members: Sequence[Member]
    ) -> None:
        """Groups of a course; where the LMS does not tell them, the members stand all the same."""
        core, tokens = self._core, self._tokens
        try:
            found = groups.groups(core.outgoing, tokens, registration, entry.groups, entry.group_sets)
            groups_of = {m.user_id: m.groups for m in members if m.active and m.groups is not None}
            if not groups_of:
                users = core.to_be_found(entry, members)
                groups_of = groups.of_each(core.outgoing, tokens, registration, entry.groups, users)
        except StifinderError as error:
            log.warning("groups of a course of %s: %s", entry.tenant_id, error)
            return
        core.take_groups(entry, found, groups_of)

    def remove_too_old(self) -> int:
        """Remove what tenants keep no longer; returns how many events went."""
        gone = 0
        for tenant in self._core.tenants_in_short():
            try:
                gone += self._core.remove_too_old(tenant.id).events
            except StifinderError as error:
                log.warning("what is too old of %s: %s", tenant.id, error)
        return gone

    def run_plugin_jobs(self) -> int:
        """Do what plugins want done beside the pages; returns how many jobs went well."""
        return self._core.run_plugin_jobs()


class Queue:
    """When the work is done: every minute, and soon after something was put into the outbox.

    :raises ConfigurationError: when ``REDIS_URL`` is set and the Redis client is not installed.
    """

    def __init__(self, core: Core) -> None:
        self._huey = open_queue(core)
        jobs = Jobs(core)

        def send() -> None:
            jobs.send_scores()

        def read() -> None:
            jobs.read_rosters()

        def remove() -> None:
            jobs.remove_too_old()

        def work() -> None:
            jobs.run_plugin_jobs()

        every_minute = crontab(minute="*")
        self._huey.periodic_task(every_minute, name="send_scores_by_the_minute")(send)
        self._huey.periodic_task(crontab(minute="*/10"), name="read_rosters")(read)
        # Days count whole, so there is work once a day; asked hourly, a machine that sleeps at night does it.
        self._huey.periodic_task(crontab(minute="23"), name="remove_too_old")(remove)
        self._huey.periodic_task(every_minute, name="run_plugin_jobs")(work)
        self._soon = self._huey.task(name="send_scores_soon", expires=SOON_SECONDS)(send)
        self._consumer: _InThreads | None = None

    def soon(self) -> None:
        """Have scores sent as soon as a worker is free.

        A queue that does not answer is logged and nothing more: what waits stands in the database, and
        whoever opened a page must not suffer for it.
        """
        try:
            self._soon()
        except queue_errors() as error:
            log.warning(
                "the queue does not answer (%s); scores go with the next minute", type(error).__name__
            )

    def start(self) -> None:
        """Work in threads of this process."""
        self._consumer = _InThreads(self._huey, workers=1, max_delay=2.0, check_worker_health=False)
        self._consumer.start()

    def stop(self) -> None:
        """Stop working; what was begun is ended, or tried again by whoever starts next."""
        if self._consumer is not None:
            self._consumer.stop(graceful=False)
            for _, thread in self._consumer.worker_threads:
                if thread.is_alive():  # one that is only about to start finds the word to stop, and ends
                    thread.join(STOP_SECONDS)


def note_graded(core: Core, launch: Launch, learner_id: str) -> None:
    """Note what a launch says about grading, and have the learner's grade sent soon, if there is one."""
    queue: Queue | None = current_app.extensions.get(QUEUE)
    if core.note_graded(launch, learner_id) and queue is not None:
        queue.soon()


class _InThreads(Consumer):  # type: ignore[misc]
    """A consumer beside a web server, which hears the signals itself."""

    def _set_signal_handlers(self) -> None:
        """None: they belong to the server."""


def queue_errors() -> tuple[type[Exception], ...]:
    """What a queue raises when it cannot be reached."""
    try:
        from redis import RedisError
    except ImportError:
        return (OSError, sqlite3.Error)
    return (OSError, sqlite3.Error, RedisError)


def open_queue(core: Core) -> Huey:
    """The queue: SQLite in the data directory, or Redis where ``REDIS_URL`` names one.

    :raises ConfigurationError: when the Redis client is not installed.
    """
    url = core.settings.redis_url
    options: dict[str, Any] = {"results": False, "utc": True}
    if not url:
        return SqliteHuey("stifinder", filename=str(core.settings.data_dir / FILE_NAME), **options)
    try:
        return RedisHuey("stifinder", url=url, **options)
    except QueueError as error:
        raise ConfigurationError(
            "REDIS_URL is set, and the Redis client is not installed.",
            "Run `pip install 'stifinder[redis]'`, or leave REDIS_URL out.",
        ) from error
