"""Check my installation: what the last launch and the last statements say about it, each with its cure.

The page is reached by a signed link that ends by itself; nothing on it is about a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from itsdangerous import BadData

from ...core.errors import Forbidden
from ...core.proposals import message
from ...core.store import joining, lti, tool_keys
from ...schemas.lti_deep_linking import DEEP_LINKING_REQUEST
from ..cookies import signer
from .messages import SUPPORTED_MESSAGES

if TYPE_CHECKING:
    from ...core.service import Core

LIFETIME = 14 * 24 * 60 * 60
"""Seconds for which a link to the page is good."""
CLOCK_FINE = 10
CLOCK_BAD = 30
"""Seconds between the clocks; launches tolerate 60."""
KEY_DAYS = 365
OK, NOT_YET, PROBLEM = "ok", "not-yet", "problem"
_PURPOSE = "check"
OPEN_IT = message("Make it active in the LMS, add it to a course, and open it there.")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the page.

    :param state: ``OK``, ``NOT_YET`` or ``PROBLEM``.
    :param what, cure: sentences in English, to be translated; "" for no cure. ``values`` fill their places.
    """

    name: str
    state: str
    what: str
    cure: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


def address(core: Core, entry: lti.Registration) -> str:
    """The link to the page of a registration."""
    until = int(core.clock().timestamp()) + LIFETIME
    token = signer(core.secrets, _PURPOSE).dumps([entry.tenant_id, entry.id, until])
    return f"{core.settings.base_url}/lti/check/{token}"


def opened(core: Core, token: str) -> lti.Registration:
    """The registration that a link is about.

    :raises Forbidden: the link was not made here, was changed, or is too old.
    :raises NotFound: the registration is gone.
    """
    cure = "Make a new one: stifinder check --tenant NAME"
    try:
        tenant_id, registration_id, until = signer(core.secrets, _PURPOSE).loads(token)
    except BadData as error:
        raise Forbidden("This link is not complete, or was changed.", cure) from error
    if until <= core.clock().timestamp():
        raise Forbidden("This link is too old.", cure)
    with core.database.read() as connection:
        return lti.get(connection, tenant_id, registration_id)


def examine(core: Core, entry: lti.Registration) -> list[Check]:
    """Everything that can be said about an installation, in the order in which cures make sense."""
    return [
        _launch(entry),
        *_of_launches(entry),
        _clock(entry),
        _statements(core, entry),
        _key(core),
    ]


def _launch(entry: lti.Registration) -> Check:
    name = message("Opening the tool")
    if entry.status == lti.PENDING:
        return Check(
            name,
            PROBLEM,
            message("The registration waits for a yes."),
            message("Whoever runs this tool approves it: stifinder register --approve %(id)s"),
            {"id": entry.id},
        )
    if entry.last_launch_at is None:
        return Check(
            name,
            NOT_YET,
            message("Nobody has opened the tool from this LMS yet."),
            OPEN_IT,
        )
    return Check(name, OK, message("Last opened on %(at)s."), values={"at": entry.last_launch_at})


def _of_launches(entry: lti.Registration) -> Iterator[Check]:
    """What the claims of launches showed."""
    seen = entry.seen
    name = message("Names and e-mail addresses")
    if "names" not in seen:
        yield Check(name, NOT_YET, message("Known after the first launch."), OPEN_IT)
    elif seen["names"]:
        yield Check(
            name,
            PROBLEM,
            message(
                "The LMS sends names or e-mail addresses. The tool needs no names and does not read them."
            ),
            message("Switch them off in the privacy settings of the tool in the LMS."),
        )
    else:
        yield Check(name, OK, message("The LMS sends none; none are needed."))
    if DEEP_LINKING_REQUEST in SUPPORTED_MESSAGES:
        yield _offered(
            message("Adding links"),
            seen.get("deep_linking"),
            message("A teacher has opened the page on which links are chosen."),
            message("No teacher has chosen links in the tool yet."),
            message("Let the tool be shown when teachers add activities; choose content there once."),
        )
    yield _offered(
        message("Grades"),
        seen.get("grades"),
        message("The LMS takes grades from this tool."),
        message("The LMS did not offer to take grades. They are not needed; links may ask for them."),
        message("To use them, allow the assignment and grade service in the tool's settings in the LMS."),
    )
    yield _offered(
        message("Who takes part"),
        seen.get("roster"),
        message("The LMS tells who takes part in a course."),
        message("The LMS did not offer to tell who takes part."),
        message("To use it, allow the names and role service in the tool's settings in the LMS."),
    )
    yield _offered(
        message("Cookies in the frame"),
        seen.get("cookies_in_frame"),
        message("The browser of the last launch kept the tool's cookies inside the LMS's page."),
        message("No launch inside the LMS's page brought cookies back yet."),
        message("Open the tool inside the LMS's page. If that fails, let it open in a new window."),
    )


def _offered(name: str, seen: bool | None, yes: str, no: str, cure: str) -> Check:
    return Check(name, OK, yes) if seen else Check(name, NOT_YET, no, cure)


def _clock(entry: lti.Registration) -> Check:
    name = message("Clocks")
    skew = entry.clock_skew_seconds
    if skew is None:
        return Check(name, NOT_YET, message("Known after the first launch."), OPEN_IT)
    values = {"seconds": abs(skew)}
    if abs(skew) <= CLOCK_FINE:
        return Check(name, OK, message("Between LMS and tool: %(seconds)s s."), values=values)
    return Check(
        name,
        PROBLEM if abs(skew) >= CLOCK_BAD else NOT_YET,
        message("The clock of the LMS is ahead by %(seconds)s seconds.")
        if skew > 0
        else message("The clock of the LMS is behind by %(seconds)s seconds."),
        message(
            "Switch time synchronisation on at both servers: launches fail when they differ by a minute."
        ),
        values,
    )


def _statements(core: Core, entry: lti.Registration) -> Check:
    name = message("Statements of the LMS")
    found = joining.arrivals(core.database, entry.tenant_id, core.clock())
    values = {"kept": found.kept, "passed": found.passed_over, "at": found.last_at}
    if found.kept or found.passed_over:
        what = message(
            "In the last 24 hours %(kept)s were kept; since yesterday %(passed)s were passed over, of people "
            "who did not agree or have not opened the tool."
        )
        return Check(name, OK, what, values=values)
    cure = message("Send xAPI statements to the tool; `stifinder xapi add` makes a password for the LMS.")
    if found.last_at is None:
        return Check(
            name, NOT_YET, message("None have arrived. Suggestions work without, but learn less."), cure
        )
    return Check(
        name,
        PROBLEM,
        message("None arrived in the last 24 hours; the last one came on %(at)s."),
        cure,
        values,
    )


def _key(core: Core) -> Check:
    name = message("The tool's key")
    now = core.clock()
    key = tool_keys.signing(tool_keys.every(core.database, now), now)
    if key is None:
        return Check(name, NOT_YET, message("It is made when the LMS first asks for it."), OPEN_IT)
    values = {"at": key.created_at}
    if now - key.created_at > timedelta(days=KEY_DAYS):
        what = message("Made on %(at)s, more than a year ago.")
        return Check(name, PROBLEM, what, message("Make a new one: stifinder keys rotate"), values)
    return Check(name, OK, message("Made on %(at)s."), values=values)
