"""Registration by hand as work: what an administrator copies from the LMS into a form of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from itsdangerous import BadData

from ...core.errors import Conflict, InvalidInput, RegistrationRefused
from ...core.store import joining, lti, tool_keys
from ...schemas.lti_products import Product
from ...schemas.lti_registration import load_registration
from ..cookies import signer

if TYPE_CHECKING:
    from ...core.service import Core

LIFETIME = 2 * 60 * 60
"""Seconds for which the form is good: copying from another window takes a while."""
FIELDS = (
    "issuer",
    "client_id",
    "deployment",
    "auth_login_url",
    "auth_token_url",
    "key_set_url",
    "product",
)
_PURPOSE = "register-by-hand"


def tenant_for(core: Core, invitation: str) -> str:
    """Whose LMS is registered; by hand there is always an invitation.

    :raises RegistrationRefused: there is none, or it is no good.
    """
    if not invitation:
        raise RegistrationRefused(
            "invitation-needed",
            "An LMS is registered here by invitation.",
            "Whoever runs this tool makes one: stifinder invite --tenant NAME",
            status=403,
        )
    return joining.invited(core.database, invitation, core.clock())


def suggested(product: Product, site: str) -> dict[str, str]:
    """What the form holds before anybody types: the product's addresses at this site.

    :param site: ``https://lms.example.com``, or only the host.
    """
    return dict.fromkeys(FIELDS, "") | product.endpoints(site) | {"product": product.key}


def public_pem(core: Core) -> str:
    """The public part of the key with which the tool signs, as some LMSs want it pasted."""
    key = tool_keys.signing_key(core.database, core.secrets, core.clock())
    public = key.private_key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def seal(core: Core, invitation: str) -> str:
    """What the form carries: the invitation, and until when the form is good."""
    until = int(core.clock().timestamp()) + LIFETIME
    return str(signer(core.secrets, _PURPOSE).dumps([invitation, until]))


def register(core: Core, sealed: str, given: Mapping[str, str]) -> lti.Registration:
    """Store the registration, and use the invitation up.

    :param given: by the names of ``FIELDS``.
    :raises RegistrationRefused: ``bad-form``, ``expired-form``, or the invitation is no good.
    :raises InvalidInput: for the first wrong field, which ``where`` names; the invitation stays good.
    :raises Conflict: another tenant holds this client, in whichever deployment.
    """
    invitation, until = _unseal(core, sealed)
    now = core.clock()
    if until <= now.timestamp():
        raise RegistrationRefused(
            "expired-form", "This page was open for more than two hours.", "Open it again and repeat it."
        )
    tenant_id = tenant_for(core, invitation)
    fields = {name: value for name, value in given.items() if name != "deployment"}
    try:
        values = load_registration(fields | {"tenant": tenant_id, "deployments": [given["deployment"]]})
    except InvalidInput as error:
        where = error.where.replace("deployments", "deployment")
        raise InvalidInput(error.what.removeprefix(f"{error.where}: "), error.cure, where=where) from error
    del values["tenant"]
    entry = lti.Registration(tenant_id=tenant_id, deployment_id=values.pop("deployments")[0], **values)
    _check_is_own(core, entry)
    joining.claim(core.database, invitation, now)
    try:
        return lti.register(core.database, [entry], now)[1][0][0]
    except BaseException:
        joining.give_back(core.database, tenant_id, invitation)
        raise


def _check_is_own(core: Core, entry: lti.Registration) -> None:
    """Refuse a client of another tenant: nothing proves that its next deployment is not that tenant's too.

    An invitation could else direct the logins of that client to another address, and take the launches of a
    deployment that is not told yet. Where tenants do share a client, whoever runs the tool says so.
    """
    same_client = lti.find(core.database, entry.issuer, entry.client_id)
    if any(other.tenant_id != entry.tenant_id for other in same_client):
        raise Conflict(
            f"The client {entry.client_id!r} of {entry.issuer} is registered already, not for this tenant.",
            "Where several organisations share it, whoever runs this tool adds yours: stifinder register",
        )


def _unseal(core: Core, sealed: str) -> tuple[str, int]:
    try:
        invitation, until = signer(core.secrets, _PURPOSE).loads(sealed)
    except BadData as error:
        raise RegistrationRefused(
            "bad-form", "This form was not made by this page.", "Open the page again and repeat it."
        ) from error
    return invitation, until
