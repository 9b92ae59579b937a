"""A teacher opens a learner's grade in the LMS, and sees how the learner is doing (Submission Review 1.0).

Whom the LMS named travels in the address, signed for this one visit: nobody else's progress opens by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response
from flask_babel import gettext  # type: ignore[import-untyped]
from itsdangerous import BadData

from ...core.access import STAFF
from ...core.errors import LaunchRefused, NotFound
from ...core.opens import Kind
from ...core.opens import activity as linked_activity
from ..cookies import launch_core, signer
from ..visiting import below, core, current, show
from . import pages as course

if TYPE_CHECKING:
    from ...core.catalogue import Catalogue
    from ...core.desks.review import Progress
    from ...schemas.lti import LaunchClaims
    from ..visit import Visit

_PURPOSE = "review"


def blueprint() -> Blueprint:
    """``/learn/<visit>/course/review/<whom>``."""
    routes = Blueprint("review", __name__, url_prefix="/learn/<visit_id>/course/review")
    below(routes)
    routes.add_url_rule("/<whom>", "page", page)
    return routes


def check(claims: LaunchClaims) -> None:
    """Refuse a review of somebody else's work that comes from somebody who does not teach.

    :raises LaunchRefused: ``not-staff``.
    """
    if claims.about and claims.about != claims.subject and not claims.roles & STAFF:
        raise LaunchRefused(
            "not-staff",
            "Only teachers and administrators see how others are doing.",
            "Administrator: check which role the LMS sends for this person.",
            status=403,
        )


def path(visit: Visit, issuer: str, about: str) -> str:
    """The path below the visit of a teacher who reviews somebody; "" for everybody else, also a learner."""
    launch = visit.launch
    if not about or not launch.roles & STAFF:
        return ""
    core = launch_core()
    learner_id = core.to_review(launch, issuer, about)
    # Of whom is left out: this record outlives what people agreed to.
    core.record(launch.tenant_id, core.actor(launch), "review progress", core.context_of(launch).id)
    return f"course/review/{signer(core.secrets, _PURPOSE).dumps([visit.id, learner_id])}"


def page(whom: str) -> Response:
    """How the learner is doing with what the link opens; a plain sentence where that is not shown."""
    here = current()
    try:
        visit_id, learner_id = signer(core().secrets, _PURPOSE).loads(whom)
    except BadData as error:
        raise _not_here() from error
    if visit_id != here.id:
        raise _not_here()
    catalogue = core().catalogue(here.launch.tenant_id)
    found = core().progress_of(here.launch, learner_id) if learner_id else None
    return show(
        "course/review.html",
        tabs=course.TABS,
        tab="",
        places=course.places(),
        context=core().context_of(here.launch),
        catalogue=catalogue,
        found=found,
        counted=_counted(found, catalogue) if found else "",
    )


def _not_here() -> NotFound:
    return NotFound("This address belongs to another visit.", "Open the learner's grade in the LMS again.")


def _counted(found: Progress, catalogue: Catalogue) -> str:
    """What the grade counts, as a sentence."""
    opened = found.opened
    if opened.kind is Kind.REVIEW:
        return str(gettext("Reviews are not graded."))
    if found.grade is None:
        return str(gettext("There is nothing to grade yet."))
    grade = round(found.grade)
    if opened.kind is Kind.SKILL:
        (skill,) = catalogue.titles([opened.of])
        return str(gettext("%(grade)d of 100: how likely “%(skill)s” is known.", grade=grade, skill=skill))
    if (activity := linked_activity(opened, catalogue)) is not None:
        return str(
            gettext(
                "%(grade)d of 100 in “%(activity)s”: 100 once it is done, before that the newest result.",
                grade=grade,
                activity=activity.title,
            )
        )
    return str(
        gettext(
            "%(grade)d of 100: the share of this course’s activities that are done or known.", grade=grade
        )
    )
