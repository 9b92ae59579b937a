"""A visit: one launch in one tab. Its id stands in the path, its data in a signed cookie for that path only.

Nothing of a visit is kept on the server, so nothing about the person outlives it, and two tabs with two
courses do not mix.
"""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, request
from itsdangerous import BadData

from ..core.errors import Forbidden, TooLarge
from ..core.launch import Launch
from ..core.page import TIME_BUDGETS
from ..core.people import Role
from . import keeping
from .cookies import form_token, launch_core, sent_by_form, signer

if TYPE_CHECKING:
    from ..core.service import Core

LIFETIME = 2 * 60 * 60
"""Seconds from the launch until the visit ends."""
COOKIE_BYTES = 3800
"""Browsers drop a cookie whose name, value and attributes exceed 4096 bytes, without a word."""
FORMAT = 1
_ID = re.compile(r"[0-9a-f]{32}")
_PURPOSE = "visit"


@dataclass(frozen=True)
class Visit:
    """One launch in one tab.

    :param id: 128 random bits, 32 hexadecimal digits.
    :param learner_id: opaque; "" when the person is not remembered.
    :param locale: the launch's language, until the person chooses another.
    :param minutes: the chosen time budget.
    :param answers: question to answer, of somebody who is not remembered; gone with the visit.
    :param started: seconds since 1970, UTC.
    """

    id: str
    launch: Launch
    learner_id: str
    locale: str
    minutes: int
    started: int
    answers: dict[str, str] = field(default_factory=dict)


def open_visit(app: Flask, launch: Launch, learner_id: str) -> Visit:
    """A new visit; it lasts once ``save_visit`` put it into a response."""
    core: Core = app.extensions["stifinder"]
    return Visit(
        id=random.token_hex(16),
        launch=launch,
        learner_id=learner_id,
        locale=launch.locale,
        minutes=TIME_BUDGETS[1],
        started=int(core.clock().timestamp()),
    )


def save_visit(response: Response, visit: Visit) -> None:
    """Put the visit into its cookie.

    :raises TooLarge: when the visit does not fit into a cookie.
    """
    core = launch_core()
    data = asdict(visit) | {"format": FORMAT}
    data["launch"]["roles"] = sorted(visit.launch.roles)
    value = signer(core.secrets, _PURPOSE).dumps(data)
    if len(value) > COOKIE_BYTES:
        raise TooLarge(
            f"This visit holds {len(value)} bytes; {COOKIE_BYTES} are the most a browser keeps.",
            "Agree to being remembered, so that answers are stored in the tool, or give shorter ones.",
        )
    remaining = visit.started + LIFETIME - int(core.clock().timestamp())
    keeping.keep(response, _cookie(visit.id), value, _path(visit.id), max(remaining, 0))


def load_visit(visit_id: str) -> Visit:
    """The visit of this id, from this request's cookie.

    :raises Forbidden: when the cookie is missing, over its time, changed, or of another visit.
    """
    core = launch_core()
    value = keeping.kept(_cookie(visit_id), _path(visit_id)) if _ID.fullmatch(visit_id) else None
    if value is None:
        raise _gone("This page belongs to a visit that this browser does not know.")
    try:
        data = signer(core.secrets, _PURPOSE).loads(value)
    except BadData as error:
        raise _gone("The cookie of this visit was changed.") from error
    if data["format"] != FORMAT or data["id"] != visit_id:
        raise _gone("The cookie is one of another visit.")
    if data["started"] + LIFETIME <= core.clock().timestamp():
        raise _gone("This visit ended after two hours.")
    return _visit(data)


def _visit(data: Mapping[str, Any]) -> Visit:
    launch = dict(data["launch"])
    launch["identities"] = tuple(launch["identities"])
    launch["accompanies"] = tuple(launch.get("accompanies", ()))
    launch["roles"] = frozenset(Role(role) for role in launch["roles"])
    values = {key: value for key, value in data.items() if key not in ("format", "launch")}
    return Visit(launch=Launch(**launch), **values)


def close_visit(response: Response, visit: Visit) -> None:
    """Take the cookie back: the visit is over in this browser."""
    keeping.drop(response, _cookie(visit.id), _path(visit.id))


def csrf_token(visit: Visit) -> str:
    """What a form of this visit carries in its hidden field ``csrf_token``."""
    return form_token("csrf", visit.id)


def check_csrf(visit: Visit, sent: Request = request) -> None:
    """Refuse a form that no page of this visit made: the cookies come along with foreign forms too.

    :raises Forbidden: when the token is missing or wrong.
    """
    if not sent_by_form("csrf", visit.id, sent):
        raise Forbidden(
            "This form did not come from a page of your visit; nothing was changed.",
            "Load the page again and repeat it there.",
        )


def _cookie(visit_id: str) -> str:
    return f"sf-{visit_id[:8]}"


def _path(visit_id: str) -> str:
    return f"/learn/{visit_id}"


def _gone(what: str) -> Forbidden:
    return Forbidden(what, "Open it from the LMS again.")
