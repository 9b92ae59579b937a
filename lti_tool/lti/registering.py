"""Dynamic registration as work: who may, what the LMS says about itself, the request, what is kept.

Pages are in ``register``; what is sent is in ``registration_request``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from itsdangerous import BadData

from ...core.errors import RegistrationRefused
from ...core.store import joining, lti, tool_keys
from ...core.store.tables import SYSTEM
from ...schemas.addresses import is_safe_address
from ...schemas.lti_dynamic import PlatformConfiguration
from ...schemas.lti_products import product_of
from ..cookies import signer
from .registration_request import fetch_configuration, registration_request, send_registration

if TYPE_CHECKING:
    from ...core.service import Core

LIFETIME = 60 * 60
"""Seconds for which the page with the question is good; Moodle's token is good for as long."""
LONGEST = 8000
"""Characters of a parameter; registration tokens of some LMSs are long."""
_PURPOSE = "register-page"
_AGAIN = "Start the registration in the LMS again."


@dataclass(frozen=True, slots=True)
class Request:
    """What the LMS opened the page with, and what the administrator saw there.

    :param invitation: the token of the address; "" when registration is open.
    :param issuer: as shown; "" before the configuration was read.
    """

    openid_configuration: str
    registration_token: str
    invitation: str
    issuer: str = ""

    @property
    def seen(self) -> tuple[str, str]:
        """Kind and value under which the registration token is marked as used."""
        return "registration-token", f"{self.issuer}\n{self.registration_token}"


def tenant_for(core: Core, invitation: str) -> str:
    """Whose LMS would be registered; the tool's own tenant keeps what is pending.

    :raises RegistrationRefused: there is no invitation, or it is no good.
    """
    if invitation:
        return joining.invited(core.database, invitation, core.clock())
    if core.settings.open_registration:
        return SYSTEM
    raise RegistrationRefused(
        "invitation-needed",
        "An LMS is registered here by invitation.",
        "Whoever runs this tool makes one: stifinder invite --tenant NAME",
        status=403,
    )


def read(core: Core, asked: Request) -> PlatformConfiguration:
    """What the LMS says about itself, fetched now.

    :raises RegistrationRefused: the address is not safe, it cannot be fetched, or says nothing of use.
    """
    for value in (asked.openid_configuration, asked.registration_token):
        if len(value) > LONGEST:
            raise RegistrationRefused("too-long", "A parameter of the LMS is too long.", _AGAIN)
    if not is_safe_address(asked.openid_configuration):
        raise RegistrationRefused(
            "not-https",
            "The LMS gave an address of its configuration that is not https.",
            "Give your LMS an https address. (http is accepted on this machine itself, for development.)",
        )
    return fetch_configuration(core.outgoing, asked.openid_configuration)


def seal(core: Core, asked: Request, issuer: str) -> str:
    """What the page's form carries: that this very request was shown, and until when it is good."""
    until = int(core.clock().timestamp()) + LIFETIME
    return str(signer(core.secrets, _PURPOSE).dumps(asdict(replace(asked, issuer=issuer)) | {"until": until}))


def unseal(core: Core, sealed: str) -> Request:
    """Undo :func:`seal`.

    :raises RegistrationRefused: ``bad-form`` when it was not made here or was changed, ``expired-form``.
    """
    try:
        values = signer(core.secrets, _PURPOSE).loads(sealed)
    except BadData as error:
        raise RegistrationRefused("bad-form", "This form was not made by this page.", _AGAIN) from error
    if values.pop("until") <= core.clock().timestamp():
        raise RegistrationRefused("expired-form", "This page was open for more than an hour.", _AGAIN)
    return Request(**values)


def register(core: Core, asked: Request) -> lti.Registration:
    """Register at the LMS and store what it answers.

    Everything is checked again: hours may lie between the page and this. When the LMS refuses, the invitation
    is good again.

    :param asked: from the page, with the issuer that was shown.
    :raises RegistrationRefused: names what was wrong; nothing is stored here then.
    """
    tenant_id = tenant_for(core, asked.invitation)
    platform = read(core, asked)
    if platform.issuer != asked.issuer:
        raise RegistrationRefused(
            "issuer-changed", "The LMS names itself differently from a moment ago.", _AGAIN, status=409
        )
    with _invitation_used(core, asked.invitation):
        _use_token(core, asked)
        answer = send_registration(
            core.outgoing,
            platform.registration_endpoint,
            registration_request(core.settings.base_url, platform),
            asked.registration_token,
        )
        now = core.clock()
        tool_keys.signing_key(
            core.database, core.secrets, now
        )  # a wrong master key shows here, not at a launch
        entry = lti.Registration(
            tenant_id=tenant_id,
            issuer=platform.issuer,
            client_id=answer.client_id,
            deployment_id=answer.deployment_id,
            auth_login_url=platform.authorization_endpoint,
            auth_token_url=platform.token_endpoint,
            key_set_url=platform.jwks_uri,
            product=product_of(platform.product).name,
            scopes=answer.scopes,
            status=lti.ACTIVE if asked.invitation else lti.PENDING,
        )
        return joining.join(core.database, entry, now)


def _use_token(core: Core, asked: Request) -> None:
    """A registration token is sent once: a page that is sent again registers nothing twice."""
    if not asked.registration_token:
        return
    now = core.clock()
    if not lti.use_once(core.database, [asked.seen], now + timedelta(days=1), now):
        raise RegistrationRefused(
            "token-used", "This registration was carried out before.", _AGAIN, status=409
        )


@contextmanager
def _invitation_used(core: Core, invitation: str) -> Iterator[None]:
    """Use the invitation up; give it back when what is done inside fails."""
    if not invitation:
        yield
        return
    tenant_id = joining.claim(core.database, invitation, core.clock())
    try:
        yield
    except BaseException:
        joining.give_back(core.database, tenant_id, invitation)
        raise
