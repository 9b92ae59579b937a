"""Roles, addresses and claims: what is read from a launch, and how little it takes."""

from __future__ import annotations

from typing import Any

import pytest
from stifinder.core.errors import InvalidInput, LaunchRefused
from stifinder.core.people import Role
from stifinder.schemas.addresses import is_safe_address, is_within, origin
from stifinder.schemas.lti import LTI, load_launch
from stifinder.schemas.lti_registration import load_registration
from stifinder.schemas.lti_roles import roles_of

COURSE = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([f"{COURSE}#Learner"], {Role.LEARNER}),
        ([f"{COURSE}#Instructor"], {Role.TEACHER}),
        ([f"{COURSE}#ContentDeveloper"], {Role.TEACHER}),
        ([f"{COURSE}#Mentor"], {Role.MENTOR}),
        ([f"{COURSE}/Instructor#TeachingAssistant"], {Role.TEACHER}),
        ([f"{COURSE}/Learner#GuestLearner"], {Role.LEARNER}),
        ([f"{COURSE}#Member", f"{COURSE}#Manager"], {Role.LEARNER}),
        ([f"{COURSE}#Administrator"], {Role.TEACHER}),
        (["Administrator"], {Role.TEACHER}),
        ([f"{INSTITUTION}#Administrator"], {Role.ADMINISTRATOR}),
        ([f"{SYSTEM}#SysAdmin"], {Role.ADMINISTRATOR}),
        ([f"{SYSTEM}#User"], {Role.LEARNER}),
        ([f"{INSTITUTION}#Instructor"], {Role.TEACHER}),
        ([f"{INSTITUTION}#Instructor", f"{COURSE}#Learner"], {Role.LEARNER}),
        (["TeachingAssistant"], {Role.TEACHER}),
        (["Wizard"], {Role.LEARNER}),
        (["urn:lti:role:ims/lis/Instructor"], {Role.LEARNER}),
        ([f"https://elsewhere.example/?{COURSE}#Instructor"], {Role.LEARNER}),
        ([f"{COURSE}#Instructor\n"], {Role.LEARNER}),
        ([""], {Role.LEARNER}),
        ([], {Role.LEARNER}),
    ],
)
def test_roles_give_what_the_course_says_and_no_more(names: list[str], expected: set[Role]) -> None:
    assert roles_of(names) == expected


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("https://tool.example.com/app", True),
        ("https://tool.example.com/app/learn/?x=1", True),
        ("https://TOOL.example.com:443/app/", True),
        ("https://tool.example.com/application", False),
        ("https://tool.example.com/app/../admin", False),
        ("https://tool.example.com/app/%2e%2e/admin", False),
        ("https://tool.example.com/", False),
        ("http://tool.example.com/app/", False),
        ("https://tool.example.com:8443/app/", False),
        ("https://tool.example.com.evil.example/app/", False),
        ("https://a@tool.example.com/app/", False),
        ("//tool.example.com/app/", False),
        ("https://[/app/", False),
        ("https://tool.example.com:port/app/", False),
    ],
)
def test_an_address_is_within_the_tool_only_under_its_own_path(address: str, within: bool) -> None:
    assert is_within(address, "https://tool.example.com/app") is within


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://lms.example.com/certs", True),
        ("http://127.0.0.1:8093/certs", True),
        ("http://localhost/certs", True),
        ("http://[::1]:80/certs", True),
        ("http://lms.example.com/certs", False),
        ("http://127.0.0.1.example.com/certs", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_plain_http_is_safe_on_this_machine_only(address: str, safe: bool) -> None:
    assert is_safe_address(address) is safe


def test_an_origin_leaves_out_the_usual_port() -> None:
    assert origin("https://LMS.example.com:443/a?b#c") == "https://lms.example.com"
    assert origin("http://[::1]:8080/a") == "http://[::1]:8080"


# --- claims ---------------------------------------------------------------------------------------


def payload(**changes: Any) -> dict[str, Any]:
    """The least that a launch must say, changed."""
    claims = {
        "iss": "https://lms.example.com",
        "aud": "client-1",
        "sub": "subject-1",
        "nonce": "nonce-1",
        "iat": 1,
        "exp": 2,
        f"{LTI}version": "1.3.0",
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}deployment_id": "1",
        f"{LTI}target_link_uri": "https://tool.example.com/",
        f"{LTI}resource_link": {"id": "link-1"},
        f"{LTI}roles": [],
    }
    return claims | {
        key if key in claims or key == "email" else LTI + key: value for key, value in changes.items()
    }


def test_the_least_a_launch_must_say_is_enough() -> None:
    found = load_launch(payload())
    assert (found.subject, found.link_id, found.roles) == ("subject-1", "link-1", {Role.LEARNER})
    assert (found.context_id, found.email, found.locale, found.return_url, found.custom) == (
        "",
        "",
        "",
        "",
        {},
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sub": ""}, "missing-sub"),
        ({"sub": 4}, "bad-sub"),
        ({"sub": "x" * 256}, "bad-sub"),
        ({"sub": "lone \ud800"}, "bad-sub"),
        ({"iat": True}, "bad-iat"),
        ({"exp": float("inf")}, "bad-exp"),
        ({"exp": 10**400}, "bad-exp"),
        ({"aud": []}, "bad-aud"),
        ({"aud": [1]}, "bad-aud"),
        ({"roles": "Instructor"}, "bad-roles"),
        ({"roles": None}, "missing-roles"),
        ({"resource_link": "link-1"}, "bad-resource_link"),
        ({"resource_link": {"id": ""}}, "missing-resource_link.id"),
        ({"version": 1.3}, "wrong-version"),
        ({"message_type": ""}, "missing-message_type"),
    ],
)
def test_a_malformed_claim_is_named_in_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        load_launch(payload(**changes))
    assert refusal.value.reason == reason


@pytest.mark.parametrize("given", [12, "12"])
def test_a_deployment_may_be_a_number(given: object) -> None:
    assert load_launch(payload(deployment_id=given)).deployment_id == "12"


@pytest.mark.parametrize("given", [True, 1.0, ["1"], 10**255])
def test_a_deployment_that_is_neither_text_nor_number_is_refused(given: object) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        load_launch(payload(deployment_id=given))
    assert refusal.value.reason == "bad-deployment_id"


def test_what_is_optional_and_malformed_is_left_out() -> None:
    found = load_launch(
        payload(
            email="not an address",
            launch_presentation={"locale": "<script>", "return_url": "javascript:alert(1)"},
            custom={"number": 3, "empty": "", "line\nbreak": "x", "kept": "yes"},
            context={"id": None, "title": "Two\nlines " + "x" * 300},
            roles=[None, 5, "Instructor"],
        )
    )
    assert (found.email, found.locale, found.return_url, found.custom) == ("", "", "", {"kept": "yes"})
    assert found.context_title.startswith("Two lines xxx")
    assert len(found.context_title) == 200
    assert found.roles == {Role.TEACHER}


def test_custom_parameters_take_no_more_room_than_a_cookie_has() -> None:
    found = load_launch(payload(custom={f"key-{n}": "x" * 100 for n in range(50)}))
    assert 1 <= len(found.custom) <= 6


# --- registrations --------------------------------------------------------------------------------

GOOD = {
    "tenant": "acme",
    "issuer": "https://lms.example.com",
    "client_id": "client-1",
    "deployments": ["1"],
    "auth_login_url": "https://lms.example.com/auth",
    "key_set_url": "https://lms.example.com/certs",
}


def test_a_registration_needs_no_token_address_and_no_product() -> None:
    assert load_registration(GOOD) == GOOD | {"auth_token_url": "", "product": ""}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tenant", "Acme Ltd"),
        ("tenant", "system"),
        ("issuer", "lms.example.com"),
        ("client_id", ""),
        ("deployments", []),
        ("deployments", [""]),
        ("auth_login_url", "http://lms.example.com/auth"),
        ("auth_token_url", "ftp://lms.example.com/token"),
        ("key_set_url", "https://lms.example.com/certs and more"),
    ],
)
def test_a_wrong_field_of_a_registration_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as error:
        load_registration(GOOD | {field: value})
    assert error.value.where == field


def test_a_language_tag_longer_than_its_column_is_left_out() -> None:
    """PostgreSQL would refuse to store it, and with it the whole launch."""
    assert load_launch(payload(launch_presentation={"locale": "abc-abcdefgh-abcdefgh"})).locale == ""
    assert load_launch(payload(launch_presentation={"locale": "abc-abcdefgh-abcdefg"})).locale
