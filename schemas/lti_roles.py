"""The LTI role vocabulary, reduced to the roles that Stifinder knows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..core.people import Role

TEACHING = frozenset({"Instructor", "ContentDeveloper", "TeachingAssistant"})
"""Mentor is absent: some platforms send it for parents, who are not staff."""
ADMINISTERING = frozenset({"Administrator", "SysAdmin"})
"""In an institution or a system. An administrator of a course is staff of that course, not of the tenant."""
_VOCABULARY = re.compile(
    r"http://purl\.imsglobal\.org/vocab/lis/v2/"
    r"(?P<kind>membership|institution/person|system/person)(?:/(?P<principal>\w+))?#(?P<role>\w+)"
)
_SHORT = re.compile(r"\w+")


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """Reduce roles of the LTI vocabulary (LTI Core 1.3, appendix A.2) to ours, with the least privilege.

    A role in the course decides; an institution's ``Instructor`` counts only when no course role was sent,
    since who teaches somewhere may be a student here. An administrator of the institution is one of the
    tenant; one of a course alone teaches it. Short names are course roles. What is unknown gives no right,
    and nobody is left without a role: LEARNER at least.
    """
    in_course, elsewhere = set[str](), set[str]()
    for name in names:
        match = _VOCABULARY.fullmatch(name)
        if match is None:
            in_course |= {name} if _SHORT.fullmatch(name) else set()
        elif match["kind"] == "membership":
            in_course.add(match["principal"] or match["role"])
        elif not match["principal"]:
            elsewhere.add(match["role"])
    found = set[Role]()
    if TEACHING & (in_course or elsewhere) or ADMINISTERING & in_course:
        found.add(Role.TEACHER)
    if ADMINISTERING & elsewhere:
        found.add(Role.ADMINISTRATOR)
    if "Mentor" in in_course and not found:
        found.add(Role.MENTOR)
    return frozenset(found or {Role.LEARNER})
