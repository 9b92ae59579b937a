"""The administration of a tenant, below ``/learn/<visit>/administration/``: the overview, and all the tabs.

Each tab has a module of its own. Whoever comes here is an administrator of the tenant (see ``access``), and
sees and changes what belongs to that tenant alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flask import Blueprint, Response

from ...core.desks.administration import Overview
from ...core.proposals import message
from ...core.store import lti
from ..lti import check
from ..rendering import number
from ..visiting import below, core
from . import audit as administration_audit
from . import jobs as administration_jobs
from . import lms as administration_lms
from . import plugins as administration_plugins
from . import privacy as administration_privacy
from . import statements as administration_statements
from .page import of_a_tenant, show_tab, tenant_id


@dataclass(frozen=True, slots=True)
class Todo:
    """Something that needs somebody.

    :param text: a sentence in English, to be translated; ``values`` fill its places.
    :param act: what the link says.
    :param endpoint: where the link leads; ``address`` instead for a page that is not of this visit.
    """

    text: str
    act: str
    endpoint: str = ""
    address: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict)

    def numbers(self) -> dict[str, str]:
        """What fills the places, numbers by locale."""
        return {n: number(v) if isinstance(v, int) else v for n, v in self.values.items()}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the set-up.

    :param command: what to enter where no page does it.
    """

    title: str
    text: str
    done: bool
    act: str = ""
    endpoint: str = ""
    address: str = ""
    command: str = ""


def blueprint() -> Blueprint:
    """The routes of all tabs but the one of API tokens."""
    made = Blueprint("administration", __name__, url_prefix="/learn/<visit_id>/administration")
    below(made)
    made.before_request(of_a_tenant)
    made.add_url_rule("/", "index", index)
    for part in (
        administration_lms,
        administration_plugins,
        administration_privacy,
        administration_statements,
        administration_jobs,
        administration_audit,
    ):
        part.add_routes(made)
    return made


def index() -> Response:
    """What needs somebody; before that, what is left of the set-up."""
    found = core().overview(tenant_id())
    steps = _steps(found)
    return show_tab(
        "administration/index.html",
        "administration.index",
        todos=list(_todos(found)),
        steps=steps if not all(step.done for step in steps) else [],
        found=found,
    )


def _todos(found: Overview) -> Iterator[Todo]:
    if waiting := sum(entry.status == lti.PENDING for entry in found.registrations):
        text = message("LMSs that wait for your yes: %(count)s.")
        yield Todo(text, message("Look at them"), "administration.lms", values={"count": waiting})
    if found.stuck:
        text = message("Grades that could not be sent, and wait for you: %(count)s.")
        yield Todo(text, message("See why"), "administration.jobs", values={"count": found.stuck})
    if found.late:
        text = message("Grades that an LMS did not take yet, and that are tried again: %(count)s.")
        yield Todo(text, message("See why"), "administration.jobs", values={"count": found.late})
    if found.unread:
        text = message("Courses of which the LMS does not tell who takes part: %(count)s.")
        yield Todo(text, message("See why"), "administration.jobs", values={"count": len(found.unread)})
    for here in core().plugins_here(tenant_id()):
        if here.choice.enabled and here.installed.status not in ("ok", "disabled"):
            text = message("The plugin “%(name)s” is left alone, because it failed.")
            named = {"name": here.installed.name}
            yield Todo(text, message("See why"), "administration.plugins", values=named)
    for entry in found.active:
        if entry.last_launch_at is None:
            continue
        problems = sum(line.state == check.PROBLEM for line in check.examine(core(), entry))
        if problems:
            text = message("What needs you at %(lms)s, as its check says: %(count)s.")
            told: dict[str, str | int] = {"lms": entry.issuer, "count": problems}
            yield Todo(text, message("Open the check"), address=check.address(core(), entry), values=told)


def _steps(found: Overview) -> list[Step]:
    arrived = bool(found.arrivals.last_at or found.arrivals.passed_over)
    launched = found.last_launch_at is not None
    first = next(iter(found.active), None)
    return [
        Step(
            message("Invite your LMS"),
            message("You get an address to paste into the LMS. It takes two minutes."),
            bool(found.active),
            message("Invite an LMS"),
            "administration.lms",
        ),
        Step(
            message("Open the tool from the LMS once"),
            message("Add it to a course as an activity or a link, and open it there."),
            launched,
        ),
        Step(
            message("Import the catalogue"),
            message(
                "What can be suggested: the activities of your courses, with their skills and durations."
            ),
            found.activities > 0,
            command=f"stifinder catalogue import FILE --tenant {tenant_id()}",
        ),
        Step(
            message("Let the LMS send statements"),
            message(
                "What learners do in the LMS, of those who agree. Suggestions work without, but learn less."
            ),
            arrived,
            message("Make a name and password"),
            "administration.credentials",
        ),
        Step(
            message("Check the installation"),
            message("A list of what works and what does not yet, each with its cure."),
            launched and arrived,
            message("Check my installation") if first else "",
            address=check.address(core(), first) if first else "",
        ),
    ]
