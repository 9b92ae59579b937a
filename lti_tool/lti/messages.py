"""What the tool can be sent, and what it asks an LMS for: one list that registration and pages read.

Import-time constants: a message or a scope stands here once the code that handles it does.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.proposals import message
from ...schemas.lti import RESOURCE_LINK_REQUEST, SUBMISSION_REVIEW_REQUEST
from ...schemas.lti_deep_linking import DEEP_LINKING_REQUEST
from ...schemas.lti_services import GROUPS_SCOPE, LINE_ITEM_SCOPE, ROSTER_SCOPE, SCORE_SCOPE

SUPPORTED_MESSAGES: tuple[str, ...] = (
    RESOURCE_LINK_REQUEST,
    DEEP_LINKING_REQUEST,
    SUBMISSION_REVIEW_REQUEST,
)
"""Types of messages that ``/lti/launch`` accepts."""

SCOPES: Mapping[str, str] = {
    LINE_ITEM_SCOPE: message("Columns of its own in the gradebook, for links where a teacher asks for it"),
    SCORE_SCOPE: message("Grades in those columns; off until a teacher switches it on"),
    ROSTER_SCOPE: message("Who takes part in a course, and in which role"),
    GROUPS_SCOPE: message("Which groups a course has, so that people learn with their own"),
}
"""Scope of a service of the LMS to what it is for."""

WHERE_OFFERED = frozenset({GROUPS_SCOPE, SUBMISSION_REVIEW_REQUEST})
"""What few LMSs have, and is asked for only where the LMS says that it has it."""

CLAIMS: Mapping[str, str] = {
    "iss": message("Which LMS it is"),
    "sub": message("An opaque number for each person"),
}
"""Claims about people that are asked for; names and e-mail are not among them."""

CUSTOM: Mapping[str, str] = {"timezone": "$Person.address.timezone"}
"""Custom parameters with their LTI variables; ``timezone`` lets pages say times by the learner's clock."""

MESSAGE_WORDS: Mapping[str, str] = {
    RESOURCE_LINK_REQUEST: message("A link in a course opens the tool"),
    DEEP_LINKING_REQUEST: message("A teacher chooses in the tool what a link opens"),
    SUBMISSION_REVIEW_REQUEST: message("A teacher opens a learner's progress from the gradebook"),
}
"""What each message means, for the administrator."""
