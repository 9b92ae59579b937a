"""What is exchanged with an LMS at a registration (LTI Dynamic Registration 1.0, section 3).

The tool fetches what the LMS says about itself, and sends what it says about itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ...core.errors import AddressRefused, OutgoingError, RegistrationRefused
from ...core.outgoing import Outgoing
from ...schemas.lti import RESOURCE_LINK_REQUEST, SUBMISSION_REVIEW_REQUEST
from ...schemas.lti_deep_linking import DEEP_LINKING_REQUEST
from ...schemas.lti_dynamic import TOOL, PlatformConfiguration, load_answer, load_configuration
from ...schemas.lti_dynamic import RegistrationAnswer as Answer
from .messages import CLAIMS, CUSTOM, SCOPES, SUPPORTED_MESSAGES, WHERE_OFFERED

NAME = "Stifinder"
LABEL = "Adaptive learning"
DESCRIPTION = "A few activities that fit the learner and the time at hand, each with its reason."
NAVIGATION = "course_navigation"
"""The end of the name by which an LMS offers a place in a course's menu."""
CHOOSING = ("ContentArea", "link_selection")
"""Where teachers add links, as LMSs call it; the first that is offered is taken."""


def tool_addresses(base_url: str) -> dict[str, str]:
    """The four addresses that an LMS needs, by name."""
    return {
        "target_link_uri": f"{base_url}/",
        "initiate_login_uri": f"{base_url}/lti/login",
        "redirect_uri": f"{base_url}/lti/launch",
        "jwks_uri": f"{base_url}/lti/jwks",
    }


def wanted_scopes(platform: PlatformConfiguration) -> list[str]:
    """The scopes that are asked for: of those the tool can use, the ones the LMS has."""
    return [scope for scope in SCOPES if _has(scope, platform.scopes)]


def wanted_messages(platform: PlatformConfiguration) -> list[str]:
    """The messages that are asked for: of those the tool understands, the ones the LMS sends."""
    return [
        name for name in SUPPORTED_MESSAGES if name == RESOURCE_LINK_REQUEST or _has(name, platform.messages)
    ]


def _has(name: str, said: Collection[str]) -> bool:
    """Whether an LMS has something, which is taken as meant of what is usual where it says nothing at all."""
    return name in said or (not said and name not in WHERE_OFFERED)


def registration_request(base_url: str, platform: PlatformConfiguration) -> dict[str, Any]:
    """The body of the request.

    :param base_url: the tool's own, without a slash at its end.
    """
    at = tool_addresses(base_url)
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["client_credentials", "implicit"],
        "initiate_login_uri": at["initiate_login_uri"],
        "redirect_uris": [at["redirect_uri"]],
        "jwks_uri": at["jwks_uri"],
        "token_endpoint_auth_method": "private_key_jwt",  # nosec B105 # the name of a method
        "client_name": NAME,
        "client_uri": at["target_link_uri"],
        "logo_uri": f"{base_url}/static/logo.svg",
        "scope": " ".join(wanted_scopes(platform)),
        TOOL: {
            "domain": urlsplit(base_url).netloc,
            "description": DESCRIPTION,
            "target_link_uri": at["target_link_uri"],
            "custom_parameters": {
                name: variable
                for name, variable in CUSTOM.items()
                if not platform.variables or variable.removeprefix("$") in platform.variables
            },
            "claims": list(CLAIMS),
            "messages": [
                _message(name, platform.messages.get(name, ()), at) for name in wanted_messages(platform)
            ],
        },
    }


def _message(name: str, offered: tuple[str, ...], at: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": name, "target_link_uri": at["target_link_uri"], "label": LABEL}
    if name == SUBMISSION_REVIEW_REQUEST:
        placements = []
    elif name == DEEP_LINKING_REQUEST:
        placements = [place for place in CHOOSING if place in offered][:1]
    else:
        placements = [place for place in offered if place.rsplit("/", 1)[-1] == NAVIGATION]
    return entry | {"placements": placements} if placements else entry


def fetch_configuration(outgoing: Outgoing, address: str) -> PlatformConfiguration:
    """What the LMS says about itself.

    :raises RegistrationRefused: ``private-address``, ``unreachable``, ``bad-configuration``,
        ``issuer-mismatch``.
    """
    with _named("The configuration of the LMS could not be fetched."):
        answer = outgoing.get(address, headers={"Accept": "application/json"})
    if answer.status != 200:
        raise RegistrationRefused(
            "unreachable",
            f"The LMS answered {answer.status} where its configuration should be.",
            "Check that this server can reach the LMS, then start the registration there again.",
            status=502,
        )
    return load_configuration(answer.body, address)


def send_registration(outgoing: Outgoing, address: str, body: Mapping[str, Any], token: str) -> Answer:
    """Register at the LMS.

    :param token: the registration token; "" when the LMS gave none.
    :raises RegistrationRefused: ``private-address``, ``unreachable``, ``bad-token`` when the LMS does not
        accept the token, ``lms-refused``, ``bad-answer``.
    """
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with _named("The LMS could not be reached for the registration."):
        answer = outgoing.post(address, json=dict(body), headers=headers, seconds=30)
    if answer.status in (401, 403):
        raise RegistrationRefused(
            "bad-token",
            f"The LMS answered {answer.status}: it does not accept the registration token (any more).",
            "Start the registration in the LMS again; such a token is good for one hour and one time.",
            status=403,
        )
    if answer.status not in (200, 201):
        raise RegistrationRefused(
            "lms-refused",
            f"The LMS answered {answer.status} to the registration.",
            "Look for a tool of the same address in the LMS and remove it, or see the log of the LMS.",
            status=502,
        )
    return load_answer(answer.body)


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Give what goes wrong on the way its name as a refusal."""
    try:
        yield
    except AddressRefused as error:
        raise RegistrationRefused(
            "private-address", f"{what} {error.what}", error.cure, status=403
        ) from error
    except OutgoingError as error:
        raise RegistrationRefused("unreachable", f"{what} {error.what}", error.cure, status=502) from error
