"""The people of the sandbox: a dozen learners, two teachers and an administrator, none of them anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PASSWORD = "sandbox"  # noqa: S105  # nosec B105 # printed on the login page: nothing here needs protection
ADMIN_PASSWORD = "sandbox-admin"  # noqa: S105  # nosec B105 # as above
LOCALES = {"en": "English", "da": "Dansk", "de": "Deutsch"}

LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
ADMINISTRATOR = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can log in.

    :param id: login name, and the ``sub`` of launches and statements.
    :param locale: language told to tools at a launch, unless the person chooses another.
    :param ability: 0..1, how well the person does in the history; a person with 0.5 passes about every second
        medium exercise.
    :param pace: 0..1, the share of each course that the person has worked through; 0 is somebody new.
    :param teacher: whether courses look as to staff.
    :param administrator: whether this person looks after tools.
    :param opted_in: whether the demo gives the tool's consents for this person.
    """

    id: str
    title: str
    teacher: bool = False
    locale: str = "en"
    ability: float = 0.5
    pace: float = 0.5
    opted_in: bool = True
    administrator: bool = False
    password: str = PASSWORD

    @property
    def role(self) -> str:
        """One word for the role, as the demo's ready file gives it."""
        return "administrator" if self.administrator else "teacher" if self.teacher else "learner"

    @property
    def lti_role(self) -> str:
        """The LTI role in every course."""
        if self.administrator:
            return ADMINISTRATOR
        return INSTRUCTOR if self.teacher else LEARNER


def _learner(number: int, **traits: object) -> Person:
    return Person(f"learner-{number:02}", f"Learner {number}", **traits)  # type: ignore[arg-type]


PEOPLE: Mapping[str, Person] = {
    person.id: person
    for person in (
        _learner(1, ability=0.5, pace=0.45),
        _learner(2, ability=0.6, pace=0.5, locale="da"),
        _learner(3, ability=0.35, pace=0.4, locale="de"),
        _learner(4, ability=0.85, pace=0.9),
        _learner(5, ability=0.3, pace=0.6),
        _learner(6, ability=0.75, pace=0.7, locale="da"),
        _learner(7, ability=0.65, pace=0.8),
        _learner(8, ability=0.45, pace=0.75, locale="de"),
        _learner(9, ability=0.9, pace=0.6),
        _learner(10, pace=0.0),
        _learner(11, ability=0.55, pace=0.5, opted_in=False),
        _learner(12, pace=0.0, opted_in=False),
        Person("teacher-01", "Teacher 1", teacher=True, pace=0.0, opted_in=False),
        Person("teacher-02", "Teacher 2", teacher=True, pace=0.0, opted_in=False, locale="da"),
    )
}
"""Who takes part in courses, by login name."""

ADMIN = Person(
    "admin",
    "Administrator",
    teacher=True,
    pace=0.0,
    opted_in=False,
    administrator=True,
    password=ADMIN_PASSWORD,
)

ACCOUNTS: Mapping[str, Person] = {**PEOPLE, ADMIN.id: ADMIN}
"""Everybody who can log in."""
