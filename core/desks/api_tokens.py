"""Tokens with which programs use the API: made, listed, revoked, and recognised."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ..errors import InvalidInput, NotFound, Unauthorized
from ..people import Role
from ..scopes import checked_scopes
from ..staff import Actor
from ..store import api_tokens, audit, tenants
from ..store.api_tokens import ApiToken
from .opened import Opened

USUAL_DAYS = 90
MOST_DAYS = 365
LONGEST_NAME = 200
"""Characters; the table's."""
NOTED_EVERY = timedelta(hours=1)
"""How often it is written down that a token was used: reading must not become writing."""


class ApiTokensDesk(Opened):
    """Calls about tokens. Making and revoking them is recorded; a token itself can do neither."""

    def add_token(
        self, tenant_id: str, actor: Actor, name: str, scopes: Iterable[str], days: int = USUAL_DAYS
    ) -> tuple[ApiToken, str]:
        """Make a token; returns it as it is kept, and the token itself, which is shown this once.

        :param name: what it is for, in words.
        :param days: until it ends, 1 to ``MOST_DAYS``.
        :raises InvalidInput: for an empty or overlong name, an unknown scope, or too many days.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise InvalidInput(
                "A token needs a name.",
                f"Say what it is for, in 1 to {LONGEST_NAME} characters.",
                where="name",
            )
        if not 1 <= days <= MOST_DAYS:
            raise InvalidInput(f"{days} days were asked for.", f"Give 1 to {MOST_DAYS}.", where="days")
        wanted = checked_scopes(scopes)
        now = self.clock()
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            kept, token = api_tokens.add(connection, tenant_id, name, wanted, now + timedelta(days=days), now)
            details = {"scopes": [str(scope) for scope in wanted], "days": days}
            audit.add(connection, tenant_id, actor, "make an API token", kept.id, details, now)
        return kept, token

    def tokens(self, tenant_id: str) -> list[ApiToken]:
        """All tokens of a tenant, newest first."""
        with self.database.read() as connection:
            return api_tokens.every(connection, tenant_id)

    def revoke_token(self, tenant_id: str, actor: Actor, token_id: str) -> ApiToken:
        """Make a token open nothing any more, from the next request on.

        :raises NotFound: when the tenant has no such token.
        """
        now = self.clock()
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            found = api_tokens.get(connection, tenant_id, token_id)
            if found is None:
                raise NotFound(f"There is no token {token_id!r}.", "`stifinder token list` shows them.")
            if found.revoked_at is None:
                api_tokens.revoke(connection, tenant_id, token_id, now)
                audit.add(connection, tenant_id, actor, "revoke an API token", token_id, {}, now)
        return found

    def token_holder(self, token: str) -> tuple[ApiToken, Actor]:
        """The token and who acts with it: under the token's own sign, as an administrator of its tenant.

        What of that role it may use, its scopes say.

        :raises Unauthorized: when it is unknown, has ended, or was revoked.
        """
        now = self.clock()
        with self.database.read() as connection:
            found = api_tokens.find(connection, token)
        if found is None or not found.good(now):
            raise Unauthorized(
                "This token is not known, has ended, or was revoked.",
                "An administrator makes a new one: stifinder token add",
            )
        if found.last_used_at is None or now - found.last_used_at >= NOTED_EVERY:
            with self.database.write() as connection:
                api_tokens.used(connection, found, now)
        return found, Actor(f"token-{found.id}", Role.ADMINISTRATOR)
