"""One table: what each page and call is for, and by what one comes in. What is not in it stays closed.

``core.access`` says which roles may do it. Both together are the whole answer to who may do what; the check
happens here, before a handler runs, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flask import Flask, g, request

from ..core.access import Act, may
from ..core.errors import Forbidden
from ..core.scopes import Scope
from . import token_gate, visiting


class By(StrEnum):
    """By what somebody comes in."""

    ANYBODY = "anybody"
    """No key is needed: the page says nothing about anybody."""
    PROTOCOL = "protocol"
    """The message itself is checked, as LTI or xAPI say how."""
    LINK = "link"
    """A signed link that ends by itself."""
    VISIT = "visit"
    """A launch, or a sign-in link, whose visit has not ended."""
    REQUEST = "request"
    """A launch of the LMS that asks for links; see ``deep_linking_visit``."""
    TOKEN = "token"  # noqa: S105  # nosec B105 # the name of a way in
    """A token of the API whose scopes hold the act."""


@dataclass(frozen=True, slots=True)
class Door:
    """One row: what an endpoint is for; no act where nobody's role is asked.

    :param scope: which a token must have; None where any token will do, and where none is asked.
    """

    by: By
    act: Act | None = None
    scope: Scope | None = None


_OPEN = Door(By.ANYBODY)
_PROTOCOL = Door(By.PROTOCOL)
_LINK = Door(By.LINK)
_LEARN = Door(By.VISIT, Act.LEARN)
_SEE = Door(By.VISIT, Act.SEE_COURSE)
_DECIDE = Door(By.VISIT, Act.DECIDE)
_ACCOMPANY = Door(By.VISIT, Act.ACCOMPANY)
_ADMINISTER = Door(By.VISIT, Act.ADMINISTER)
_OPERATE = Door(By.VISIT, Act.OPERATE)
_READ_LEARNERS = Door(By.TOKEN, Act.LEARN, Scope.LEARNERS_READ)
_WRITE_LEARNERS = Door(By.TOKEN, Act.LEARN, Scope.LEARNERS_WRITE)
_READ_CATALOGUE = Door(By.TOKEN, Act.PLACE, Scope.CATALOGUE_READ)
_WRITE_CATALOGUE = Door(By.TOKEN, Act.ADMINISTER, Scope.CATALOGUE_WRITE)
_READ_COURSES = Door(By.TOKEN, Act.SEE_COURSE, Scope.COURSES_READ)
_DECIDE_IN_COURSES = Door(By.TOKEN, Act.DECIDE, Scope.COURSES_DECIDE)
_READ_ADMINISTRATION = Door(By.TOKEN, Act.ADMINISTER, Scope.ADMINISTRATION_READ)
_WRITE_ADMINISTRATION = Door(By.TOKEN, Act.ADMINISTER, Scope.ADMINISTRATION_WRITE)

DOORS: Mapping[str, Door] = {
    "static": _OPEN,
    "bootstrap.static": _OPEN,
    "front": _OPEN,
    "health": _OPEN,
    "lti.login": _PROTOCOL,
    "lti.launch": _PROTOCOL,
    "lti.jwks": _OPEN,
    "register.ask": _LINK,
    "register.register": _LINK,
    "register.manual": _LINK,
    "register.by_hand": _LINK,
    "register.check": _LINK,
    "xapi.about": _OPEN,
    "xapi.post": _PROTOCOL,
    "xapi.put": _PROTOCOL,
    "xapi.get": _PROTOCOL,
    "xapi.elsewhere": _PROTOCOL,
    "deep_linking.page": Door(By.REQUEST, Act.PLACE),
    "deep_linking.choose": Door(By.REQUEST, Act.PLACE),
    "learner.go": _LINK,
    "learner.page": _LEARN,
    "learner.answers": _LEARN,
    "learner.dismiss": _LEARN,
    "learner.undo": _LEARN,
    "learner.why": _LEARN,
    "learner.activity": _LEARN,
    "learner.reviews": _LEARN,
    "learner.review": _LEARN,
    "learner.answer_review": _LEARN,
    "learner.check_in": _LEARN,
    "learner.path": _LEARN,
    "learner.consent": _LEARN,
    "learner.agree": _LEARN,
    "learner.data": _LEARN,
    "learner.export": _LEARN,
    "learner.correct": _LEARN,
    "learner.erase": _LEARN,
    "learner.erased": _LEARN,
    "learner.language": Door(By.VISIT),
    "course.attention": _SEE,
    "course.skills": _SEE,
    "course.suggestions": _SEE,
    "course.names": _SEE,
    "course.modules": _SEE,
    "course.decide": _DECIDE,
    "course.lift": _DECIDE,
    "course.choose": _DECIDE,
    "course.mentees": _ACCOMPANY,
    "review.page": _SEE,
    "sign_in.ask": _LINK,
    "sign_in.enter": _LINK,
    "administration.index": _ADMINISTER,
    "administration.lms": _ADMINISTER,
    "administration.invite": _ADMINISTER,
    "administration.approve": _ADMINISTER,
    "administration.remove": _ADMINISTER,
    "administration.keys": _ADMINISTER,
    "administration.plugins": _ADMINISTER,
    "administration.plugin": _ADMINISTER,
    "administration.set_plugin": _ADMINISTER,
    "administration.switch_plugin": _ADMINISTER,
    "administration.plugins_health": _ADMINISTER,
    "administration.plugin_health": _ADMINISTER,
    "administration.try_plugin_again": _ADMINISTER,
    "administration.privacy": _ADMINISTER,
    "administration.set_note": _ADMINISTER,
    "administration.set_handling": _ADMINISTER,
    "administration.retention": _ADMINISTER,
    "administration.set_retention": _ADMINISTER,
    "administration.add_basis": _ADMINISTER,
    "administration.remove_basis": _ADMINISTER,
    "administration.credentials": _ADMINISTER,
    "administration.add_credential": _ADMINISTER,
    "administration.remove_credential": _ADMINISTER,
    "administration.jobs": _ADMINISTER,
    "administration.run_plugin_job": _ADMINISTER,
    "administration.retry": _ADMINISTER,
    "administration.audit": _ADMINISTER,
    "administration.audit_export": _ADMINISTER,
    "operator.tenants": _OPERATE,
    "operator.add": _OPERATE,
    "operator.enter": _OPERATE,
    "operator.decide": _OPERATE,
    "operator.rotate": _OPERATE,
    "tokens.page": _ADMINISTER,
    "tokens.add": _ADMINISTER,
    "tokens.revoke": _ADMINISTER,
    "api_pages.document": _OPEN,
    "api_pages.guide": _OPEN,
    "api_token.see": Door(By.TOKEN),
    "api_learners.lookup": _READ_LEARNERS,
    "api_learners.see": _READ_LEARNERS,
    "api_learners.export": _READ_LEARNERS,
    "api_learners.agreements": _READ_LEARNERS,
    "api_learners.profile": _READ_LEARNERS,
    "api_suggestions.shown": _READ_LEARNERS,
    "api_suggestions.why": _READ_LEARNERS,
    "api_suggestions.skills": _READ_LEARNERS,
    "api_suggestions.reviews": _READ_LEARNERS,
    "api_learners.remember": _WRITE_LEARNERS,
    "api_learners.forget": _WRITE_LEARNERS,
    "api_learners.agree": _WRITE_LEARNERS,
    "api_learners.correct": _WRITE_LEARNERS,
    "api_learners.answer": _WRITE_LEARNERS,
    "api_suggestions.look": _WRITE_LEARNERS,
    "api_suggestions.start": _WRITE_LEARNERS,
    "api_suggestions.dismiss": _WRITE_LEARNERS,
    "api_suggestions.undo": _WRITE_LEARNERS,
    "api_suggestions.review": _WRITE_LEARNERS,
    "api_catalogue.activities": _READ_CATALOGUE,
    "api_catalogue.activity": _READ_CATALOGUE,
    "api_catalogue.skills": _READ_CATALOGUE,
    "api_catalogue.bans": _READ_CATALOGUE,
    "api_catalogue.import_activities": _WRITE_CATALOGUE,
    "api_catalogue.import_skills": _WRITE_CATALOGUE,
    "api_catalogue.ban": _WRITE_CATALOGUE,
    "api_catalogue.lift_ban": _WRITE_CATALOGUE,
    "api_courses.courses": _READ_COURSES,
    "api_courses.course": _READ_COURSES,
    "api_courses.figures": _READ_COURSES,
    "api_courses.suggestions": _READ_COURSES,
    "api_courses.waiting": _READ_COURSES,
    "api_courses.decisions": _READ_COURSES,
    "api_courses.choices": _READ_COURSES,
    "api_courses.decide": _DECIDE_IN_COURSES,
    "api_courses.lift": _DECIDE_IN_COURSES,
    "api_courses.choose": _DECIDE_IN_COURSES,
    "api_administration.registrations": _READ_ADMINISTRATION,
    "api_administration.registration": _READ_ADMINISTRATION,
    "api_administration.check": _READ_ADMINISTRATION,
    "api_administration.keys": _READ_ADMINISTRATION,
    "api_administration.unread": _READ_ADMINISTRATION,
    "api_administration.plugins": _READ_ADMINISTRATION,
    "api_administration.statement_credentials": _READ_ADMINISTRATION,
    "api_administration.jobs": _READ_ADMINISTRATION,
    "api_administration.plugin_jobs": _READ_ADMINISTRATION,
    "api_administration.run_plugin_job": _WRITE_ADMINISTRATION,
    "api_administration.choices": _READ_ADMINISTRATION,
    "api_administration.legal_bases": _READ_ADMINISTRATION,
    "api_administration.record": _READ_ADMINISTRATION,
    "api_administration.approve": _WRITE_ADMINISTRATION,
    "api_administration.remove_registration": _WRITE_ADMINISTRATION,
    "api_administration.invite": _WRITE_ADMINISTRATION,
    "api_administration.add_credential": _WRITE_ADMINISTRATION,
    "api_administration.remove_credential": _WRITE_ADMINISTRATION,
    "api_administration.retry": _WRITE_ADMINISTRATION,
    "api_administration.choose": _WRITE_ADMINISTRATION,
    "api_administration.switch_plugin": _WRITE_ADMINISTRATION,
    "api_administration.set_plugin": _WRITE_ADMINISTRATION,
    "api_administration.try_plugin_again": _WRITE_ADMINISTRATION,
    "api_administration.record_basis": _WRITE_ADMINISTRATION,
    "api_administration.withdraw_basis": _WRITE_ADMINISTRATION,
}
"""Endpoint to its row."""


def by_token() -> list[str]:
    """The endpoints of the API."""
    return [endpoint for endpoint, door in DOORS.items() if door.by is By.TOKEN]


def init_app(app: Flask) -> None:
    """Ask the table before every request."""
    app.before_request(_check)


def _check() -> None:
    if request.endpoint is None:  # no such page: the answer is 404, whoever asks
        return
    door = DOORS.get(request.endpoint)
    if door is None:
        raise Forbidden(f"Nobody said who may come to {request.endpoint!r}.", "Add it to lti_tool/access.py.")
    g.door = door
    if door.by is By.VISIT:
        visiting.enter()
        launch = visiting.current().launch
        if door.act is Act.LEARN and not launch.identities:
            raise Forbidden("A sign-in link belongs to nobody who learns.", "Open the tool from your LMS.")
        if door.act is not None and not may(launch.roles, door.act):
            raise Forbidden(
                "Your role in the LMS does not open this page.", "Go back to where you came from."
            )
    if door.by is By.TOKEN:
        token_gate.enter()
        token = token_gate.current()
        if door.scope is not None and door.scope not in token.scopes:
            g.scope_missing = door.scope
            raise Forbidden(
                f"This token lacks the scope {door.scope}.", "Make one that has it: stifinder token add"
            )
        if door.act is not None and not may({token_gate.actor().role}, door.act):
            raise Forbidden("The role of this token does not allow this.", "See docs/access.md.")
