"""Whom a mentor accompanies: read from the launch, within what a cookie can hold, and for mentors alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from course_world import Staff, mentor
from small_course import ISSUER
from stifinder.core import identity
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.store.lti import Registration
from stifinder.lti_tool.lti.launch import _reduced
from stifinder.schemas.lti import LTI, LaunchClaims, load_launch

MENTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor"
REGISTRATION = Registration("t", ISSUER, "client-1", "1", f"{ISSUER}/auth", f"{ISSUER}/keys", id="r")


def launched(mentees: object, *roles: str) -> LaunchClaims:
    """The claims of a launch with this list of people."""
    payload: Mapping[str, Any] = {
        "iss": ISSUER,
        "aud": "client-1",
        "sub": "mentor-1",
        "nonce": "nonce-1",
        "iat": 1,
        "exp": 2,
        f"{LTI}version": "1.3.0",
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}deployment_id": "1",
        f"{LTI}target_link_uri": "https://tool.example.com/",
        f"{LTI}resource_link": {"id": "link-1"},
        f"{LTI}roles": list(roles or (MENTOR,)),
        f"{LTI}role_scope_mentor": mentees,
    }
    return load_launch(payload)


def test_a_launch_names_whom_a_mentor_accompanies() -> None:
    claims = launched(["learner-1", "learner-2", "learner-1"])
    assert claims.roles == {Role.MENTOR}
    accounts = tuple(identity.account(ISSUER, name) for name in ("learner-1", "learner-2"))
    assert _reduced(REGISTRATION, claims).accompanies == accounts


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (None, ()),
        ("learner-1", ()),
        ({"a": 1}, ()),
        ([7, "", "a\nb", "x" * 256, None, "learner-1"], ("learner-1",)),
        ([f"learner-{n}" for n in range(30)], tuple(f"learner-{n}" for n in range(20))),
        (["x" * 250 + str(n) for n in range(9)], tuple("x" * 250 + str(n) for n in range(3))),
    ],
)
def test_what_no_launch_could_name_is_passed_over_and_the_rest_has_its_bounds(
    sent: object, kept: tuple[str, ...]
) -> None:
    assert launched(sent).mentees == kept


def test_only_a_mentor_accompanies_anybody() -> None:
    claims = launched(["learner-1"], "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner")
    assert _reduced(REGISTRATION, claims).accompanies == ()


def test_a_visit_holds_as_many_as_a_launch_may_name(core: Core) -> None:
    ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))) for n in range(20)]
    person = Staff(core, mentor(*ids))
    assert "None of the 20 you accompany agreed to it" in person.see("course/mentees")
