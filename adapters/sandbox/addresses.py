"""The addresses of the sandbox's LTI services, in launches and in answers.

The tool that an address was given to stands in it, as Moodle does it: in the path for names and groups, and
in a query (``type_id``) for grades, so that a tool which loses the query of an address is found out.
"""

from __future__ import annotations

from urllib.parse import quote


def line_items(base_url: str, course_id: str, client_id: str) -> str:
    """The columns of a course."""
    return f"{base_url}/lti/courses/{course_id}/lineitems?type_id={quote(client_id)}"


def line_item(base_url: str, course_id: str, client_id: str, number: int, part: str = "") -> str:
    """One column; ``part`` is ``/results`` or ``/scores``."""
    return f"{base_url}/lti/courses/{course_id}/lineitems/{number}/lineitem{part}?type_id={quote(client_id)}"


def members(base_url: str, course_id: str, client_id: str) -> str:
    """Who takes part in a course."""
    return f"{base_url}/lti/courses/{course_id}/bindings/{quote(client_id)}/memberships"


def groups(base_url: str, course_id: str, client_id: str) -> str:
    """The groups of a course."""
    return f"{base_url}/lti/courses/{course_id}/bindings/{quote(client_id)}/groups"


def group_sets(base_url: str, course_id: str, client_id: str) -> str:
    """The sets that the groups of a course belong to."""
    return f"{base_url}/lti/courses/{course_id}/bindings/{quote(client_id)}/group-sets"
