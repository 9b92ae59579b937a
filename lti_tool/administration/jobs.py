"""The tab about jobs: which grades wait to be sent to which LMS and why, and what else an LMS did not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from ...core.desks.plugin_jobs import standing
from ...core.store import lti
from ...core.store.grades import Waiting
from ..jobs import QUEUE
from ..visiting import core, go_to
from .page import actor, show_tab, tenant_id

if TYPE_CHECKING:
    from ..jobs import Queue

SHOWN = 50
"""Scores listed for each LMS; the rest is counted."""


def add_routes(made: Blueprint) -> None:
    """Add this tab."""
    made.add_url_rule("/jobs", "jobs", jobs)
    made.add_url_rule("/jobs", "retry", retry, methods=["POST"])
    made.add_url_rule("/jobs/<plugin>/<job>/run", "run_plugin_job", run_plugin_job, methods=["POST"])


def jobs() -> Response:
    """What waits, LMS by LMS: first what needs somebody."""
    names = {entry.id: entry.issuer for entry in lti.registrations(core().database, tenant_id())}
    by_lms: dict[str, list[Waiting]] = {}
    for each in core().waiting_scores(tenant_id()):
        by_lms.setdefault(names.get(each.registration_id, ""), []).append(each)
    for waiting in by_lms.values():
        waiting.sort(key=lambda each: (each.next_try_at is not None, not each.last_error, each.id))
    return show_tab(
        "administration/jobs.html",
        "administration.jobs",
        by_lms=by_lms,
        shown=SHOWN,
        unread=core().overview(tenant_id()).unread,
        work=[(each, standing(each, core().clock())) for each in core().plugin_jobs(tenant_id())],
    )


def retry() -> Response:
    """Try one score again, or all that wait."""
    core().retry_waiting(tenant_id(), actor(), request.form.getlist("score", type=int))
    queue: Queue | None = current_app.extensions.get(QUEUE)
    if queue is not None:
        queue.soon()
    return go_to("administration.jobs", said="retry")


def run_plugin_job(plugin: str, job: str) -> Response:
    """Make a job of a plugin due now."""
    core().run_plugin_job_soon(tenant_id(), actor(), plugin, job)
    return go_to("administration.jobs", said="run")
