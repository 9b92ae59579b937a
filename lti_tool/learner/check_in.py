"""Regular check-ins: is the goal still right, and how is the motivation? Two taps, kept as one event."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ...core.errors import InvalidInput
from .. import words
from ..visiting import core, current, go_to

GOAL = {"yes": True, "no": False, "": None}


def add_routes(routes: Blueprint) -> None:
    """Add this form to the learner's blueprint."""
    routes.add_url_rule("/check-in", "check_in", check_in, methods=["POST"])


def check_in() -> Response:
    """Keep what was said; who says that the goal is not right any more comes to where it is changed.

    :raises InvalidInput: for a motivation that is none of the five, or no answer on the goal.
    """
    here = current()
    motivation = request.form.get("motivation", type=int)
    goal = request.form.get("goal", "")
    if motivation not in {number for number, _ in words.MOTIVATIONS}:
        raise InvalidInput(
            "Motivation is a number from 1 to 5.", "Choose one of the five.", where="motivation"
        )
    if goal not in GOAL:
        raise InvalidInput(f"{goal!r} says nothing about the goal.", "Choose yes or no.", where="goal")
    launch = here.launch
    context_id = core().context_of(launch).id
    core().check_in(launch.tenant_id, here.learner_id, context_id, (motivation - 1) / 4, GOAL[goal])
    return go_to("learner.data") if GOAL[goal] is False else go_to("learner.page", noted=1)
