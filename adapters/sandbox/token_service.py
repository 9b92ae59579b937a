"""The token endpoint: access tokens for tools that prove themselves with a signed assertion.

OAuth 2.0 client credentials with ``private_key_jwt`` (RFC 7523; IMS Security Framework 1.0, section 4.1).
"""

from __future__ import annotations

import jwt
from flask import Blueprint, Response, jsonify, request

from .access_tokens import LIFETIME
from .lms import current_sandbox
from .tool_keys import NotVerified
from .tools import RegisteredTool

PATH = "/token"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NEEDED = ("iss", "sub", "aud", "iat", "exp", "jti")


def add_to(services: Blueprint) -> None:
    """``POST /token``."""
    services.add_url_rule(PATH, "token", _token, methods=["POST"])


def _token() -> Response:
    asked = request.form
    if asked.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "The grant type must be client_credentials.")
    if asked.get("client_assertion_type") != ASSERTION or not asked.get("client_assertion"):
        return _refused("invalid_request", "A client assertion of the type jwt-bearer is missing.")
    try:
        tool = _proved(asked["client_assertion"])
    except NotVerified as error:
        return _refused("invalid_client", str(error))
    scopes = set(asked.get("scope", "").split())
    if not scopes or not scopes <= tool.scopes:
        return _refused("invalid_scope", "The tool did not register for these scopes.")
    made = jsonify(
        access_token=current_sandbox().tokens.issue(tool.client_id, scopes),
        token_type="Bearer",  # noqa: S106  # nosec B106 # the name of a kind
        expires_in=int(LIFETIME.total_seconds()),
        scope=" ".join(sorted(scopes)),
    )
    made.headers["Cache-Control"] = "no-store"
    return made


def _proved(assertion: str) -> RegisteredTool:
    """The tool that an assertion is from.

    :raises NotVerified: when it is not good, or was used before.
    """
    sandbox = current_sandbox()
    try:
        issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
    except jwt.PyJWTError as error:
        raise NotVerified("The assertion is no JWT.") from error
    tool = sandbox.tool(issuer) if isinstance(issuer, str) else None
    if tool is None:
        raise NotVerified("The client is not known here, or not active.")
    claims = sandbox.keys.verify(tool, assertion, f"{sandbox.base_url}/lti{PATH}", NEEDED)
    if claims["sub"] != tool.client_id:
        raise NotVerified("The assertion is about another client.")
    if not sandbox.tokens.use_once(f"jti {tool.client_id} {claims['jti']}", claims["exp"]):
        raise NotVerified("The assertion was used before.")
    return tool


def _refused(error: str, words: str) -> Response:
    made = jsonify(error=error, error_description=words)
    made.status_code = 401 if error == "invalid_client" else 400
    return made
