"""What those who teach a course decide there: each act is a form, is recorded, and can be undone."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ...core.catalogue import Activity, Catalogue
from ...core.decisions import Decision, DecisionKind
from ...core.errors import InvalidInput, NotFound
from ...core.people import Context
from ..visiting import core, current, go_to, show

BACK = {"attention", "skills", "suggestions", "modules"}
"""Tabs that a form can lead back to."""


def add_routes(routes: Blueprint) -> None:
    """Add these forms to the course's blueprint."""
    routes.add_url_rule("/decide", "decide", decide, methods=["GET", "POST"])
    routes.add_url_rule("/lift", "lift", lift, methods=["POST"])
    routes.add_url_rule("/choose", "choose", choose, methods=["POST"])


def decide() -> Response:
    """Keep a decision; what takes the place of an activity is asked for on a page between."""
    if request.method != "POST":  # come to by an address, as after a change of language
        return go_to("course.attention")
    launch = current().launch
    context = core().context_of(launch)
    wanted = _wanted(context)
    if wanted.kind is DecisionKind.REPLACE and not wanted.instead_id:
        return _ask_instead(wanted, context)
    core().decide(launch.tenant_id, core().actor(launch), wanted)
    return go_to(_back(), decided=f"{wanted.kind}:{wanted.activity_id}")


def lift() -> Response:
    """Take a decision back."""
    launch = current().launch
    context = core().context_of(launch)
    wanted = _wanted(context)
    core().lift(launch.tenant_id, core().actor(launch), wanted)
    return go_to(_back(), said="lifted-yes" if wanted.kind is DecisionKind.APPROVE else "lifted")


def choose() -> Response:
    """Choose how suggestions and figures are handled in this course."""
    launch = current().launch
    context = core().context_of(launch)
    tenant_id, form = launch.tenant_id, request.form
    before, actor = core().choices(tenant_id, context.id), core().actor(launch)
    needs_yes = form.get("needs_yes") == "1"
    figures_from = form.get("figures_from", type=int)
    if figures_from is None or figures_from < core().choices(tenant_id).figures_from:
        raise InvalidInput(
            "This is no number of people from which figures may be shown here.",
            f"Give {core().choices(tenant_id).figures_from} or more.",
            where="figures_from",
        )
    if figures_from != before.figures_from:
        core().choose(tenant_id, actor, "figures_from", figures_from, context.id)
    if needs_yes != before.needs_yes:
        core().choose(tenant_id, actor, "needs_yes", needs_yes, context.id)
    return go_to("course.suggestions", said="chosen")


def _back() -> str:
    tab = request.form.get("back", "")
    return f"course.{tab if tab in BACK else 'attention'}"


def _wanted(context: Context) -> Decision:
    """The decision that a form names, about this course.

    :raises InvalidInput: for a kind that there is not, or one learner's kind without the learner.
    :raises NotFound: for a learner whose suggestions staff of this course do not see.
    """
    form = request.form
    try:
        kind = DecisionKind(form.get("kind", ""))
    except ValueError as error:
        raise InvalidInput("There is no such decision.", "Load the page again.", where="kind") from error
    learner_id = form.get("learner", "")
    if bool(learner_id) < (kind is DecisionKind.HIDE):
        raise InvalidInput("An activity is hidden from one learner.", "Choose one.", where="learner")
    tenant_id = current().launch.tenant_id
    if learner_id and not core().may_decide_for(tenant_id, context.id, learner_id):
        raise NotFound("There is no such learner in this course.", "Load the page again.")
    return Decision(kind, form.get("activity", ""), context.id, learner_id, form.get("instead", ""))


def _ask_instead(wanted: Decision, context: Context) -> Response:
    """The page that asks which activity takes the place."""
    catalogue = core().catalogue(current().launch.tenant_id)
    replaced = catalogue.by_id.get(wanted.activity_id)
    if replaced is None:
        raise NotFound(
            "There is no such activity (any more).", "Load the page again: it shows what there is."
        )
    near, other = _candidates(replaced, context, catalogue)
    return show(
        "course/instead.html",
        context=context,
        catalogue=catalogue,
        replaced=replaced,
        wanted=wanted,
        near=near,
        other=other,
        back=_back(),
    )


def _candidates(
    replaced: Activity, context: Context, catalogue: Catalogue
) -> tuple[list[Activity], list[Activity]]:
    """What may take the place: of the same skills, the shortest first; and the rest of the course."""
    pool = [a for a in catalogue.in_context(context.id) or catalogue.activities if a.id != replaced.id]
    near = [a for a in pool if set(a.skill_ids) & set(replaced.skill_ids)]
    return sorted(near, key=lambda a: (a.minutes or 999, a.position)), [a for a in pool if a not in near]
