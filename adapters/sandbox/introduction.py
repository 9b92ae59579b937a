"""Making the sandbox known to the tool, as administrators do: registration, password, catalogue, consents."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from itertools import product
from pathlib import Path

from ...core import identity
from ...core.drafts import Draft
from ...core.errors import InvalidInput
from ...core.launch import Launch
from ...core.people import Purpose, Source
from ...core.service import Core
from ...core.store import credentials, joining, lti
from ...schemas.catalogue import Refused, read_rows
from .content import CATALOGUE, ISSUER, served
from .lms import Sandbox
from .people import PEOPLE
from .platform import CLIENT_ID, DEPLOYMENT_ID, PRODUCT

TENANT = "sandbox"
_AGREED = "consents_given"


def introduce(core: Core, sandbox: Sandbox) -> None:
    """Make the sandbox known to the tool, or bring what is known up to date with the sandbox's address.

    The learners' consents are given the first time only: what somebody withdraws in the tool stays withdrawn.
    """
    if core.tenant(TENANT) is None:
        core.add_tenant(TENANT, "Sandbox LMS")
    registration_id = _register(core, sandbox)
    _let_statements_in(core, sandbox)
    drafts = (_taken(row) for row in read_rows(Path(CATALOGUE.name), BytesIO(_catalogue(sandbox))))
    core.import_catalogue(TENANT, drafts)
    if sandbox.store.setting(_AGREED, lambda: "no") == "no":
        for person in PEOPLE.values():
            if person.opted_in:
                launch = Launch(
                    TENANT,
                    registration_id,
                    (identity.account(ISSUER, person.id),),
                    locale=person.locale,
                )
                core.agree(launch, product(Purpose, Source))
        sandbox.store.set(_AGREED, "yes")


def invitation(core: Core) -> str:
    """The address with which the sandbox's administrator registers the tool once more, as at a real LMS."""
    now = core.clock()
    token = joining.invite(core.database, TENANT, now + timedelta(days=joining.INVITATION_DAYS), now)
    return f"{core.settings.base_url}/lti/register?invite={token}"


def _register(core: Core, sandbox: Sandbox) -> str:
    entry = lti.Registration(
        tenant_id=TENANT,
        issuer=ISSUER,
        client_id=CLIENT_ID,
        deployment_id=DEPLOYMENT_ID,
        auth_login_url=f"{sandbox.base_url}/lti/auth",
        auth_token_url=f"{sandbox.base_url}/lti/token",
        key_set_url=f"{sandbox.base_url}/lti/jwks",
        product=PRODUCT,
    )
    _, stored = lti.register(core.database, [entry], core.clock())
    return stored[0][0].id


def _let_statements_in(core: Core, sandbox: Sandbox) -> None:
    door = sandbox.outbox.door
    with core.database.write() as connection:
        if credentials.verify(connection, door.user, door.password) == TENANT:
            return
        credentials.remove(connection, TENANT, door.user)
        credentials.add(connection, TENANT, door.user, door.password, core.clock())


def _catalogue(sandbox: Sandbox) -> bytes:
    return served(sandbox.content, sandbox.base_url).encode()


def _taken(row: Draft | Refused) -> Draft:
    if isinstance(row, Refused):
        raise InvalidInput(str(row), "Correct the file.", where=str(CATALOGUE))
    return row
