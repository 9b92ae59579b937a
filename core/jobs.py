"""Work that a plugin does beside the pages: what it brings, and what it is given to do it with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from .catalogue import Catalogue
from .evidence import Event

SHORTEST = timedelta(minutes=1)
MOST_SECONDS = 600
"""How long one run may take before it is abandoned."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


class JobHost(Protocol):
    """What a job works with: one tenant, and there only what the plugin's manifest names."""

    @property
    def now(self) -> datetime:
        """Timezone-aware UTC."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The plugin's settings for this tenant."""

    @property
    def catalogue(self) -> Catalogue:
        """The tenant's activities and skills."""

    def learners(self) -> Sequence[str]:
        """Ids of those who agreed to every purpose of the manifest, sorted."""

    def history(self, learner_id: str) -> Sequence[Event]:
        """A learner's events, newest first, at most 300; empty for others than ``learners``, or without
        ``Reads.HISTORY`` in the manifest."""

    def kept(self, learner_id: str = "") -> Mapping[str, Any]:
        """What the plugin keeps, by key: of the tenant, or of one learner. Hooks find it in the situation."""

    def keep(self, key: str, value: Any, learner_id: str = "") -> None:
        """Keep a value that JSON can hold: at most 64 KB, 1,000 keys of a tenant and 50 of a learner.

        :raises InvalidInput: for another value, or one too many; nothing is kept then.
        :raises Forbidden: when the learner did not agree to what the manifest names.
        """

    def forget(self, key: str, learner_id: str = "") -> None:
        """Keep a value no longer; nothing happens where there is none."""

    def fetch(self, url: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
        """What a host of the manifest answers to GET, or with ``json`` to POST; at most 1 MB, ten seconds.

        :raises StifinderError: for a host that the manifest does not name, also after a redirect, and when
            the host does not answer, or answers with an error.
        """

    def progress(self, done: int, total: int) -> None:
        """Say how far it is, for the administration page."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that comes again, once for each tenant that uses the plugin.

    :param name: among the plugin's jobs; 1 to 60 letters, digits, ``-`` and ``_``.
    :param run: does it; may raise. It is done again after ``every``, or later where it failed.
    :param every: at least a minute.
    :param title: for the administration page, marked with ``message``.
    """

    name: str
    run: Callable[[JobHost], None]
    every: timedelta
    title: str
