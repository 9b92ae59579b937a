"""Presets for registration by hand, and what the tool says about itself in a registration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stifinder.core.errors import RegistrationRefused
from stifinder.lti_tool.lti.registration_request import registration_request, wanted_messages, wanted_scopes
from stifinder.schemas.addresses import is_safe_address
from stifinder.schemas.lti_dynamic import TOOL, PlatformConfiguration, load_answer, load_configuration
from stifinder.schemas.lti_products import PRODUCTS, product_of

ALL = ("moodle", "docebo", "canvas", "brightspace", "blackboard", "sakai", "openedx")
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"


def platform(**changed: object) -> PlatformConfiguration:
    usual = {
        "issuer": "https://lms.example.com",
        "authorization_endpoint": "https://lms.example.com/auth",
        "token_endpoint": "https://lms.example.com/token",
        "jwks_uri": "https://lms.example.com/keys",
        "registration_endpoint": "https://lms.example.com/register",
        "product": "moodle",
        "version": "",
        "scopes": frozenset(),
        "variables": frozenset(),
        "messages": {},
    }
    return PlatformConfiguration(**(usual | changed))  # type: ignore[arg-type]


# --- products -----------------------------------------------------------------------------------------


def test_the_seven_products_have_steps_and_addresses() -> None:
    assert tuple(PRODUCTS) == ALL
    for product in PRODUCTS.values():
        assert product.clicks, product.name
        for address in product.endpoints("https://lms.example.com").values():
            assert not address or is_safe_address(address)


def test_only_what_was_tried_says_so() -> None:
    assert [product.key for product in PRODUCTS.values() if product.measured] == ["moodle"]


@pytest.mark.parametrize("site", ["lms.example.com", "https://lms.example.com/", " https://lms.example.com"])
def test_a_site_may_be_written_as_people_write_it(site: str) -> None:
    assert product_of("Moodle").endpoints(site)["key_set_url"] == "https://lms.example.com/mod/lti/certs.php"


def test_moodles_addresses_are_those_of_a_real_moodle(data: Path) -> None:
    recorded = json.loads((data / "moodle" / "lti" / "openid_configuration.json").read_text())
    found = product_of("moodle").endpoints(recorded["issuer"])
    assert found == {
        "issuer": recorded["issuer"],
        "auth_login_url": recorded["authorization_endpoint"],
        "auth_token_url": recorded["token_endpoint"],
        "key_set_url": recorded["jwks_uri"],
    }


def test_without_a_site_only_fixed_addresses_are_given() -> None:
    assert set(product_of("sakai").endpoints("").values()) == {""}
    assert product_of("canvas").endpoints("")["issuer"] == "https://canvas.instructure.com"


def test_an_unknown_product_keeps_its_name() -> None:
    assert product_of("Some LMS").name == "Some LMS"
    assert product_of("").name == ""
    assert set(product_of("Some LMS").endpoints("https://lms.example.com").values()) == {""}


# --- what is asked for ------------------------------------------------------------------------------------


def test_only_scopes_are_asked_for_that_the_lms_has() -> None:
    assert wanted_scopes(platform(scopes=frozenset({SCORE, "openid"}))) == [SCORE]
    assert SCORE in wanted_scopes(platform())


def test_links_are_always_asked_for_and_the_rest_where_the_lms_sends_it() -> None:
    assert wanted_messages(platform(messages={"LtiSomething": ()})) == ["LtiResourceLinkRequest"]


def test_the_courses_menu_is_asked_for_where_the_lms_offers_it() -> None:
    offered = ("https://lms.example.com/lti/course_navigation", "elsewhere")
    sent = registration_request(
        "https://tool.example.com", platform(messages={"LtiResourceLinkRequest": offered})
    )
    (entry,) = sent[TOOL]["messages"]
    assert entry["placements"] == ["https://lms.example.com/lti/course_navigation"]


def test_domain_and_addresses_keep_port_and_path() -> None:
    sent = registration_request("https://tool.example.com:8443/stifinder", platform())
    assert sent[TOOL]["domain"] == "tool.example.com:8443"
    assert sent["redirect_uris"] == ["https://tool.example.com:8443/stifinder/lti/launch"]
    assert sent["logo_uri"] == "https://tool.example.com:8443/stifinder/static/logo.svg"


def test_a_variable_that_the_lms_does_not_know_is_not_sent() -> None:
    sent = registration_request("https://tool.example.com", platform(variables=frozenset({"User.id"})))
    assert sent[TOOL]["custom_parameters"] == {}


# --- what the LMS says ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://lms.example.com:444/conf",
        "https://lms.example.com.evil.example/conf",
        "https://sub.lms.example.com/conf",
        "http://lms.example.com/conf",
    ],
)
def test_an_issuer_speaks_only_for_its_very_host(data: Path, address: str) -> None:
    recorded = (data / "moodle" / "lti" / "openid_configuration.json").read_text()
    body = recorded.replace("http://127.0.0.1:8093", "https://lms.example.com").encode()
    assert load_configuration(body, "https://lms.example.com/conf").product == "moodle"
    with pytest.raises(RegistrationRefused) as refused:
        load_configuration(body, address)
    assert refused.value.reason == "issuer-mismatch"


def test_ids_that_an_lms_counts_up_may_come_as_numbers() -> None:
    answer = load_answer(json.dumps({"client_id": 7, TOOL: {"deployment_id": 12}}).encode())
    assert (answer.client_id, answer.deployment_id) == ("7", "12")


def test_an_answer_without_a_deployment_leaves_it_to_the_first_launch() -> None:
    assert load_answer(b'{"client_id": "7"}').deployment_id == ""
    assert load_answer(b'{"client_id": "7", "scope": null}').scopes == ()
