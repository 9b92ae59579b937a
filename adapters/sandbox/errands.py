"""What a launch is for: the course's own link, a link that a teacher added, a choice of links, or a review.

An errand travels as a few words in ``lti_message_hint``, through the browser and the tool. Nothing is
believed of it: whether this person may do so is looked up when it comes back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import addresses
from .content import Course
from .gradebook import LineItem
from .messages import Message
from .people import Person
from .tools import DEEP_LINKING, DEMO_CLIENT, REVIEW, RegisteredTool

if TYPE_CHECKING:
    from .lms import Sandbox

CHOOSE = "choose"
_LINK = "link-"


class ErrandRefused(Exception):
    """An errand that there is not, or that is not this person's; the text says why."""


def review(item: LineItem, learner: Person) -> str:
    """The errand of looking at a learner's work behind a cell of the gradebook."""
    return f"review:{item.number}:{learner.id}"


def message(sandbox: Sandbox, tool: RegisteredTool, course: Course, errand: str, person: Person) -> Message:
    """The message of an errand, as far as it is known before the tool asks for it.

    :param errand: "", ``choose``, the id of a link, or what ``review`` gave.
    :raises ErrandRefused: when there is none for this person.
    """
    if not sandbox.takes_part(person, course.id):
        raise ErrandRefused("You do not take part in this course.")
    kind, _, rest = errand.partition(":")
    if errand == CHOOSE:
        return _choose(sandbox, tool, course, person)
    if kind == "review":
        return _review(sandbox, tool, course, rest, person)
    if errand.startswith(_LINK):
        return _of_link(sandbox, tool, course, errand)
    if errand:
        raise ErrandRefused("The message hint is not ours.")
    # The demo's own link goes to the redirect address, like that of a tool registered by hand.
    target = "" if tool.client_id == DEMO_CLIENT else tool.target
    return _with_services(
        sandbox, tool, course, f"adaptive-{course.id}", Message(address=target, title=tool.name)
    )


def _choose(sandbox: Sandbox, tool: RegisteredTool, course: Course, person: Person) -> Message:
    address = tool.address_for(DEEP_LINKING)
    if not person.teacher or address is None:
        raise ErrandRefused("Only teachers add content, and only from tools that offer to choose it.")
    # As Moodle does: no resource link yet, and no list of members.
    return Message(
        kind=DEEP_LINKING,
        address=address,
        line_items=addresses.line_items(sandbox.base_url, course.id, tool.client_id),
    )


def _of_link(sandbox: Sandbox, tool: RegisteredTool, course: Course, link_id: str) -> Message:
    link = sandbox.links.find(course.id, link_id)
    if link is None or link.client_id != tool.client_id:
        raise ErrandRefused("There is no such link in this course.")
    said = Message(address=link.url, title=link.title, custom=link.custom)
    return _with_services(sandbox, tool, course, link.id, said)


def _review(sandbox: Sandbox, tool: RegisteredTool, course: Course, cell: str, person: Person) -> Message:
    number, _, learner_id = cell.partition(":")
    item = sandbox.gradebook.find(course.id, int(number)) if number.isascii() and number.isdigit() else None
    address = tool.address_for(REVIEW)
    if item is None or item.client_id != tool.client_id or address is None or not person.teacher:
        raise ErrandRefused("There is nothing to review here for you.")
    if learner_id not in {learner.id for learner in sandbox.enrolments.learners(course.id)}:
        raise ErrandRefused("This learner does not take part in the course.")
    link = sandbox.links.find(course.id, item.link_id)
    said = Message(
        kind=REVIEW,
        address=address,
        title=link.title if link else item.label,
        custom=link.custom if link else {},
        line_item=addresses.line_item(sandbox.base_url, course.id, tool.client_id, item.number),
        about=learner_id,
    )
    return _with_services(sandbox, tool, course, item.link_id, said)


def _with_services(
    sandbox: Sandbox, tool: RegisteredTool, course: Course, link_id: str, said: Message
) -> Message:
    """The message with its resource link, and with the addresses of all services."""
    where = (sandbox.base_url, course.id, tool.client_id)
    columns = sandbox.gradebook.of_link(course.id, tool.client_id, link_id) if link_id else []
    own = addresses.line_item(*where, columns[0].number) if len(columns) == 1 else ""
    return replace(
        said,
        link_id=link_id,
        line_items=addresses.line_items(*where),
        line_item=said.line_item or own,
        members=addresses.members(*where),
        groups=addresses.groups(*where),
        group_sets=addresses.group_sets(*where),
    )
