"""A teacher adds links to a course: the page to choose on, and the way back to the LMS.

Everything works without script: choosing and searching are one form, and the page that carries the answer
to the LMS has a button beside its few lines of script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from flask_babel import gettext  # type: ignore[import-untyped]

from ...core.access import STAFF
from ...core.catalogue import Activity, Catalogue
from ...core.errors import LaunchRefused
from ...core.launch import Launch
from ...core.opens import Kind, Opens, opens
from ...core.store.lti import Registration
from ...schemas.lti import LaunchClaims
from ...schemas.lti_deep_linking import DeepLinking
from .. import security_headers
from ..cookies import base_path, launch_core
from . import deep_linking_answer, deep_linking_visit

if TYPE_CHECKING:
    from ...core.service import Core
    from .deep_linking_visit import Asked

SHOWN = 30
"""Activities shown at a time; the search finds the others."""
MOST = 50
"""Links added at a time."""


def blueprint() -> Blueprint:
    """``/deep-linking/<id>/``: look, and choose."""
    made = Blueprint("deep_linking", __name__, url_prefix="/deep-linking/<asked_id>")
    made.url_value_preprocessor(_take_id)
    made.before_request(_enter)
    made.add_url_rule("/", "page", _page)
    made.add_url_rule("/", "choose", _choose, methods=["POST"])
    return made


def check(claims: LaunchClaims) -> None:
    """Refuse a request for links that comes from somebody who does not teach.

    :raises LaunchRefused: ``not-staff``.
    """
    if claims.deep_linking and not claims.roles & STAFF:
        raise LaunchRefused(
            "not-staff",
            "Only teachers and administrators add activities to a course.",
            "Administrator: check which role the LMS sends for this person.",
            status=403,
        )


def begin(
    core: Core, registration: Registration, claims: LaunchClaims, settings: DeepLinking, launch: Launch
) -> Response:
    """Answer a verified request for links: send the teacher to the page to choose on.

    An LMS that takes no links at this place is told so, in an error message of the protocol.
    """
    party = (registration.issuer, registration.client_id, registration.deployment_id)
    grades = claims.services.scores and settings.line_items
    asked = deep_linking_visit.new(core, launch, party, settings, grades=grades)
    if not settings.accepts_links:
        _speak(asked)
        words = gettext("This tool adds links to activities, and the LMS does not accept links here.")
        return _send(asked, error=words)
    path = base_path(core.settings.base_url) + deep_linking_visit.path(asked.id)
    response = make_response(redirect(f"{path}/", code=303))
    deep_linking_visit.save(response, asked)
    return response


# --- the page ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What is ticked on the page.

    :param opens: values of the boxes: ``path``, ``review``, ``skill``, ``activity:<key>``.
    """

    opens: frozenset[str] = frozenset()
    skill: str = ""
    graded: bool = False
    search: str = ""


def _take_id(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.asked_id = (values or {}).pop("asked_id", "")


def _enter() -> None:
    g.asked = deep_linking_visit.load(g.asked_id)
    _speak(g.asked)
    if request.method == "POST":
        deep_linking_visit.check_csrf(g.asked)


def _speak(asked: Asked) -> None:
    g.locale_tag = asked.launch.locale
    security_headers.allow_frame(asked.launch.frame_origin, asked.settings.return_url)


def _page() -> Response:
    asked: Asked = g.asked
    # Where one is taken, something is always chosen; where several are, nothing is that nobody ticked.
    return _show(Choice() if asked.settings.several else Choice(frozenset({Kind.PATH})))


def _choose() -> Response:
    asked: Asked = g.asked
    act = request.form.get("act", "search")
    if act == "cancel":
        return _send(asked)
    choice = Choice(
        frozenset(request.form.getlist("open")),
        request.form.get("skill", ""),
        request.form.get("graded") == "yes",
        request.form.get("search", "").strip()[:200],
    )
    if act != "add":
        return _show(choice)
    core = launch_core()
    catalogue, offered = core.offered(asked.launch)
    chosen = _chosen(choice, catalogue, offered)
    if isinstance(chosen, str):
        return _show(choice, problem=chosen)
    if len(chosen) > (MOST if asked.settings.several else 1):
        words = (
            gettext("Choose at most %(count)s at a time.", count=MOST)
            if asked.settings.several
            else gettext("The LMS takes one at a time here. Choose one.")
        )
        return _show(choice, problem=words)
    if choice.graded and asked.grades:
        chosen = [deep_linking_answer.may_be_graded(each) for each in chosen]
    base_url = core.settings.base_url
    return _send(asked, [deep_linking_answer.content_item(each, catalogue, base_url) for each in chosen])


def _chosen(choice: Choice, catalogue: Catalogue, offered: tuple[Activity, ...]) -> list[Opens] | str:
    """What is ticked, in the page's order; or what is wrong with it."""
    found = [Opens(kind) for kind in (Kind.PATH, Kind.REVIEW) if kind in choice.opens]
    if Kind.SKILL in choice.opens:
        if choice.skill not in catalogue.skills:
            return str(gettext("Choose the skill that the path leads to."))
        found.append(Opens(Kind.SKILL, choice.skill))
    keys = {value.partition(":")[2] for value in choice.opens if value.startswith(f"{Kind.ACTIVITY}:")}
    known = [activity.key for activity in offered if activity.key in keys]
    if len(known) < len(keys):
        return str(
            gettext("An activity that you chose is no longer in the catalogue. Nothing was added yet.")
        )
    return found + [opens(Opens(Kind.ACTIVITY, key).custom) for key in known]


def _show(choice: Choice, *, problem: str = "") -> Response:
    asked: Asked = g.asked
    catalogue, offered = launch_core().offered(asked.launch)
    ticked = [a for a in offered if f"{Kind.ACTIVITY}:{a.key}" in choice.opens]
    found = [a for a in offered if a not in ticked and matches(a, choice.search, catalogue)]
    page = render_template(
        "deep_linking/choose.html",
        asked=asked,
        choice=choice,
        problem=problem,
        catalogue=catalogue,
        skills=sorted(catalogue.skills.values(), key=lambda skill: skill.title.casefold()),
        activities=ticked + found[:SHOWN],
        more=max(0, len(found) - SHOWN),
        csrf=deep_linking_visit.csrf_token(asked),
    )
    return make_response(page)


def matches(activity: Activity, search: str, catalogue: Catalogue) -> bool:
    """Whether each word of a search stands in the activity's title, text, key or skills."""
    words = search.casefold().split()
    where = " ".join([activity.title, activity.key, activity.text, *catalogue.titles(activity.skill_ids)])
    return all(word in where.casefold() for word in words)


# --- back to the LMS --------------------------------------------------------------------------------


def _send(asked: Asked, items: Sequence[dict[str, Any]] = (), *, error: str = "") -> Response:
    """The page that posts the answer to the LMS, by itself or by its button."""
    return_url = asked.settings.return_url
    security_headers.allow_form(return_url)
    token = deep_linking_answer.message(launch_core(), asked, items, error=error)
    page = render_template(
        "deep_linking/return.html",
        address=return_url,
        token=token,
        count=len(items),
        error=error,
    )
    response = make_response(page)
    deep_linking_visit.close(response, asked)
    return response
