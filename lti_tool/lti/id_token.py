"""Whether an id_token is what it claims to be: signature, sender, receiver, time, and the login it answers.

Checks are those of the 1EdTech Security Framework 1.0, section 5.1.3, and of LTI Core 1.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ...core.errors import LaunchRefused
from ...core.store import joining
from ...core.store.lti import PENDING, Registration
from ...schemas.addresses import is_within
from ...schemas.lti import LTI, TO_ADMINISTRATOR, LaunchClaims, load_launch
from . import jws
from .login import LoginState, pending
from .platform_keys import ALGORITHMS, PlatformKeys

LEEWAY = 60
"""Seconds by which the clocks of LMS and tool may differ."""
LONGEST = 65_536
"""Characters of an id_token."""
_AGAIN = "Open the activity in the LMS again."


def verify(
    token: str, state: LoginState, registrations: Sequence[Registration], keys: PlatformKeys, now: datetime
) -> tuple[Registration, LaunchClaims]:
    """Check everything about a token except its nonce, and where it leads.

    :param registrations: those of the state's issuer and client id; not empty.
    :raises LaunchRefused: names the first thing that is wrong.
    """
    payload = _verified_payload(token, registrations, keys)
    claims = load_launch(payload)
    _check_parties(claims, state)
    _check_time(claims, now.timestamp())
    registration = joining.pick(registrations, claims.deployment_id)
    if registration is None:
        raise LaunchRefused(
            "unknown-deployment",
            f"The deployment {claims.deployment_id!r} is not registered for this LMS.",
            "Administrator: add it with `stifinder register`.",
        )
    if registration.status == PENDING:
        raise pending(registration)
    return joining.deployment_of(registration, claims.deployment_id, now), claims


def check_target(claims: LaunchClaims, base_url: str) -> None:
    """Refuse a launch that aims at another site.

    :raises LaunchRefused: ``target-outside``.
    """
    if claims.deep_linking and not claims.target_link_uri:
        return
    if not is_within(claims.target_link_uri, base_url):
        raise LaunchRefused(
            "target-outside",
            "The activity points to an address outside this tool.",
            f"Administrator: the tool's address in the LMS must begin with {base_url}/.",
        )


def _verified_payload(
    token: str, registrations: Sequence[Registration], keys: PlatformKeys
) -> Mapping[str, Any]:
    if not token:
        raise LaunchRefused("missing-id_token", "The answer of the LMS holds no message.", _AGAIN)
    if len(token) > LONGEST:
        raise LaunchRefused("bad-token", f"The message of the LMS has {len(token)} characters.", _AGAIN)
    try:
        message = jws.read(token)
    except jws.Unreadable as error:
        raise LaunchRefused(
            "bad-token", "The message of the LMS cannot be read.", TO_ADMINISTRATOR
        ) from error
    if message.algorithm not in ALGORITHMS:
        raise LaunchRefused(
            "wrong-algorithm",
            f"The message is signed by {message.algorithm[:50]!r}, not by {' or '.join(ALGORITHMS)}.",
            TO_ADMINISTRATOR,
        )
    if not message.key_id:
        raise LaunchRefused(
            "no-kid", "The message does not say which key it is signed with.", TO_ADMINISTRATOR
        )
    # The unproven deployment only chooses whose keys must prove it, so it can gain nothing by lying.
    claimed = str(message.payload.get(f"{LTI}deployment_id", ""))
    sender = joining.pick(registrations, claimed) or registrations[0]
    if not message.signed_by(keys.find(sender.key_set_url, message.key_id)):
        raise LaunchRefused(
            "bad-signature", "The message is not signed by the LMS it names.", TO_ADMINISTRATOR
        )
    return message.payload


def _check_parties(claims: LaunchClaims, state: LoginState) -> None:
    if claims.issuer != state.issuer:
        raise LaunchRefused(
            "wrong-iss", "The message comes from another LMS than the login.", TO_ADMINISTRATOR
        )
    if state.client_id not in claims.audience:
        raise LaunchRefused("wrong-aud", "The message is meant for another tool.", TO_ADMINISTRATOR)
    if claims.audience_is_list and not claims.authorized_party:
        raise LaunchRefused(
            "missing-azp",
            "The message has a list of receivers, and does not say which one.",
            TO_ADMINISTRATOR,
        )
    if claims.authorized_party and claims.authorized_party != state.client_id:
        raise LaunchRefused("wrong-azp", "The message was made for another tool.", TO_ADMINISTRATOR)


def _check_time(claims: LaunchClaims, now: float) -> None:
    if claims.expires_at <= now - LEEWAY:
        raise LaunchRefused("expired-token", "The message of the LMS is too old.", _AGAIN)
    if claims.issued_at > now + LEEWAY or claims.not_before > now + LEEWAY:
        raise LaunchRefused(
            "issued-in-the-future",
            "The message of the LMS comes from the future.",
            "Administrator: set the clocks of the LMS and of this server.",
        )
