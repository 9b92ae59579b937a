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
from . import visiting


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
    TOKEN = "token"  # noqa: S105
    """A token of the API whose scopes hold the act."""


@dataclass(frozen=True, slots=True)
class Door:
    """One row: what an endpoint is for; no act where nobody's role is asked."""

    by: By
    act: Act | None = None


_OPEN = Door(By.ANYBODY)
_PROTOCOL = Door(By.PROTOCOL)
_LINK = Door(By.LINK)
_LEARN = Door(By.VISIT, Act.LEARN)
_SEE = Door(By.VISIT, Act.SEE_COURSE)
_DECIDE = Door(By.VISIT, Act.DECIDE)
_ADMINISTER = Door(By.VISIT, Act.ADMINISTER)
_OPERATE = Door(By.VISIT, Act.OPERATE)

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
    "learner.consent": _LEARN,
    "learner.agree": _LEARN,
    "learner.data": _LEARN,
    "learner.export": _LEARN,
    "learner.correct": _LEARN,
    "learner.erase": _LEARN,
    "learner.erased": _LEARN,
    "learner.language": Door(By.VISIT),
    "sign_in.ask": _LINK,
    "sign_in.enter": _LINK,
}
"""Endpoint to its row."""


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
