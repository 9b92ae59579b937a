"""The pages of one course, for those who teach it: what needs them first, then figures, then single people.

Every handler asks the core and renders what it gets; what is decided in forms has a module of its own,
``course_acts``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request
from flask_babel import gettext  # type: ignore[import-untyped]

from ...core import course_figures
from ...core.access import Act, may
from ...core.decisions import Decision, DecisionKind
from ...core.desks.teams import SIZES
from ...core.errors import ConfigurationError, OutgoingError
from ...core.proposals import message
from ..visiting import below, core, current, go_to, show
from . import acts as course_acts
from . import charts
from . import names as course_names
from . import words as course_words

if TYPE_CHECKING:
    from markupsafe import Markup

    from ...core.catalogue import Catalogue
    from ...core.course_figures import Module, Share
    from ...core.desks.course import CourseFigures
    from ...core.people import Context

log = logging.getLogger("stifinder.course")

TABS = (
    ("course.attention", message("Attention")),
    ("course.skills", message("Skills")),
    ("course.suggestions", message("Suggestions")),
    ("course.modules", message("Modules")),
)
MOST_AT = 1_000_000
"""The last screenful of suggestions that can be asked for; no course reaches it."""
LEAST_SHOWN = 15
"""Modules that the chart of modules draws: those that fewest finish. The table has all."""


def blueprint() -> Blueprint:
    """``/learn/<visit>/course/``."""
    routes = Blueprint("course", __name__, url_prefix="/learn/<visit_id>/course")
    below(routes)
    routes.add_url_rule("/", "attention", attention)
    routes.add_url_rule("/skills", "skills", skills)
    routes.add_url_rule("/suggestions", "suggestions", suggestions)
    routes.add_url_rule("/suggestions/names", "names", names, methods=["GET", "POST"])
    routes.add_url_rule("/modules", "modules", modules)
    routes.add_url_rule("/mentees", "mentees", mentees)
    course_acts.add_routes(routes)
    routes.add_app_template_filter(course_words.share, "share")
    routes.add_app_template_filter(course_words.likely, "likely_share")
    routes.add_app_template_global(course_words.interval, "interval")
    routes.add_app_template_filter(course_words.learner, "learner_sign")
    return routes


def here() -> tuple[Context, Catalogue]:
    """The course of this visit, and the catalogue."""
    launch = current().launch
    return core().context_of(launch), core().catalogue(launch.tenant_id)


def places() -> list[tuple[str, str]]:
    """Where else this person can go from here."""
    launch = current().launch
    found = [("learner.page", message("See it as a learner"))] if launch.identities else []
    if may(launch.roles, Act.ADMINISTER) and "administration.index" in current_app.view_functions:
        found.append(("administration.index", message("Administration")))
    return found


def _page(template: str, tab: str, context: Context, catalogue: Catalogue, **values: Any) -> Response:
    return show(
        template,
        tabs=TABS,
        tab=tab,
        places=places(),
        context=context,
        catalogue=catalogue,
        said=course_words.SAID.get(values.pop("said", request.args.get("said", "")), ""),
        now=core().clock(),
        undo=_just_decided(context, request.args.get("decided", "")),
        decided_words=course_words.DECIDED,
        **values,
    )


def _just_decided(context: Context, said: str) -> Decision | None:
    """What this person decided last, to say it and offer to undo it.

    :param said: ``kind:activity``; for whom is not in the address.
    """
    if not said:
        return None
    launch = current().launch
    sign = core().actor(launch).sign
    made = core().decided(launch.tenant_id, context.id)
    mine = [d for d in made if d.by == sign and f"{d.kind}:{d.activity_id}" == said]
    return mine[-1] if mine else None


# --- what needs attention ---------------------------------------------------------------------------


def attention() -> Response:
    """The one thing with the most to gain, then what waits for a yes."""
    context, catalogue = here()
    tenant_id = current().launch.tenant_id
    figures = core().course_figures(tenant_id, context.id)
    first = course_figures.most_to_gain(figures.modules)
    weak = course_figures.weakest(figures.skills) if first is None else None
    return _page(
        "course/attention.html",
        "course.attention",
        context,
        catalogue,
        figures=figures,
        first=first,
        weak=weak,
        picture=_picture(first, catalogue) if first else None,
        queue=core().course_queue(tenant_id, context.id),
        needs_yes=core().choices(tenant_id, context.id).needs_yes,
        has_modules=bool(catalogue.in_context(context.id)),
        said_of=course_words.what_happens,
    )


def _picture(module: Module, catalogue: Catalogue) -> Markup:
    """Where people stop; where that is not known, how many finish."""
    title = catalogue.by_id[module.activity_id].title
    text = " ".join(course_words.what_happens(module))
    if module.stop is None:
        return charts.ranges([_range(title, module.finish, module.like)], text=text)
    return charts.staying(
        module.stop.points,
        module.like_stop.points if module.like_stop else (),
        names=(gettext("this module"), gettext("modules like it")),
        text=text,
        likely=module.stop.likely,
    )


def _range(title: str, share: Share | None, like: Share | None) -> charts.Range:
    low, high = (share.low, share.high) if share else (0.0, 1.0)
    return charts.Range(title, share.value if share else None, low, high, like.middle if like else None)


# --- figures ----------------------------------------------------------------------------------------


def skills() -> Response:
    """What the people of the course know, weakest first."""
    context, catalogue = here()
    size = request.args.get("team", SIZES[1], type=int)
    size = size if size in SIZES else SIZES[1]
    figures = core().course_figures(current().launch.tenant_id, context.id)
    rows = [
        charts.Range(catalogue.skills[k.skill_id].title, k.mean, k.low, k.high)
        for k in figures.skills
        if k.skill_id in catalogue.skills
    ][:LEAST_SHOWN]
    teaching = {
        k.skill_id: [a for a in catalogue.in_context(context.id) if k.skill_id in a.skill_ids]
        for k in figures.skills
    }
    return _page(
        "course/skills.html",
        "course.skills",
        context,
        catalogue,
        figures=figures,
        picture=charts.ranges(rows, text=gettext("What people know, skill by skill")) if rows else None,
        teaching=teaching,
        together=core().course_teams(current().launch.tenant_id, context.id, size),
        size=size,
        sizes=SIZES,
        signs=lambda team: list(called(team, {}).values()),
    )


def modules() -> Response:
    """How far people are, and how many finish each module."""
    context, catalogue = here()
    figures = core().course_figures(current().launch.tenant_id, context.id)
    told = sorted((m for m in figures.modules if m.finish), key=_middle)
    rows = [_range(catalogue.by_id[m.activity_id].title, m.finish, m.like) for m in told[:LEAST_SHOWN]]
    return _page(
        "course/modules.html",
        "course.modules",
        context,
        catalogue,
        figures=figures,
        picture=charts.ranges(rows, text=gettext("How many finish, module by module")) if rows else None,
        shown=len(rows),
        left_out=len(told) - len(rows),
        stop_unknown=_stop_unknown(figures),
    )


def _middle(module: Module) -> float:
    return module.finish.middle if module.finish else 1.0


def _stop_unknown(figures: CourseFigures) -> bool:
    """Whether it is known of no module where people stop."""
    return not any(m.stop for m in figures.modules)


# --- what was suggested to whom ---------------------------------------------------------------------


def suggestions() -> Response:
    """What was suggested, to how many and to whom, what was decided, and how suggestions are handled here."""
    return _suggestions({}, said=request.args.get("said", ""))


def names() -> Response:
    """The same page with the names of the people, as the LMS tells them now; they are on this page only."""
    if request.method != "POST":  # come to by an address, as after a change of language
        return go_to("course.suggestions")
    launch = current().launch
    context = core().context_of(launch)
    core().record(launch.tenant_id, core().actor(launch), "see names", context.id)
    try:
        found = course_names.known(core(), launch.tenant_id, context.id)
    except (OutgoingError, ConfigurationError) as error:
        log.warning("names of a course of %s: %s", launch.tenant_id, error)
        found = {}
    return _suggestions(found, said="" if found else "no-names")


def _suggestions(named: dict[str, str], said: str = "") -> Response:
    context, catalogue = here()
    tenant_id = current().launch.tenant_id
    at = min(max(1, request.values.get("at", 1, type=int)), MOST_AT)
    found, more = core().course_suggestions(tenant_id, context.id, at)
    decided = core().decided(tenant_id, context.id)
    everywhere = [d for d in core().decided(tenant_id, "") if not d.learner_id]
    people = [*(s.learner_id for s in found), *(d.learner_id for d in decided if d.learner_id)]
    return _page(
        "course/suggestions.html",
        "course.suggestions",
        context,
        catalogue,
        figures=core().course_figures(tenant_id, context.id),
        said=said,
        found=found,
        at=at,
        more=more,
        called=called(people, named),
        named=bool(named),
        names_offered=course_names.offered(core(), tenant_id, context.id),
        decided=[d for d in decided if d.activity_id in catalogue.by_id],
        everywhere=[d for d in everywhere if d.activity_id in catalogue.by_id],
        choices=core().choices(tenant_id, context.id),
        least=core().choices(tenant_id).figures_from,
        kinds=DecisionKind,
    )


def called(learner_ids: Iterable[str], named: dict[str, str]) -> dict[str, str]:
    """What each is called on one page: by name where it is known, else by a sign that nobody else has."""
    wanted = set(learner_ids)
    digits = 4
    while len({i[:digits] for i in wanted}) < len(wanted):
        digits += 2
    return {i: named.get(i) or course_words.learner(i, digits) for i in wanted}


# --- accompanying -----------------------------------------------------------------------------------


def mentees() -> Response:
    """How those are doing whom a mentor accompanies, and who agreed to it; of the others the count alone."""
    launch = current().launch
    context, catalogue = here()
    found = core().accompanied(launch)
    return show(
        "course/mentees.html",
        context=context,
        catalogue=catalogue,
        mentees=found,
        called=called((m.learner_id for m in found), {}),
        others=len(set(launch.accompanies)) - len(found),
    )
