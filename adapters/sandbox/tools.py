"""Tools that registered at the sandbox by LTI Dynamic Registration, and the tokens that let them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from .sqlite_file import SqliteFile

TOKEN_LIFETIME = timedelta(hours=1)
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM = f"{_AGS}lineitem"
LINE_ITEM_READ = f"{_AGS}lineitem.readonly"
RESULT = f"{_AGS}result.readonly"
SCORE = f"{_AGS}score"
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
GROUPS = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
SCOPES = (LINE_ITEM, LINE_ITEM_READ, RESULT, SCORE, MEMBERS, GROUPS)
RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
REVIEW = "LtiSubmissionReviewRequest"
MESSAGES: tuple[Mapping[str, Any], ...] = (
    {"type": RESOURCE_LINK},
    {"type": DEEP_LINKING, "placements": ["ContentArea"]},
    {"type": REVIEW},
)
DEMO_CLIENT = "stifinder-sandbox"
"""Client id of the tool that the demo brings along, without a registration by an administrator."""
DEMO_DEPLOYMENT = "1"
VARIABLES: Mapping[str, str] = {"Person.address.timezone": "Europe/Copenhagen"}
"""Variables of custom parameters, with what everybody in the sandbox has."""


class RegistrationRejected(Exception):
    """A registration that the sandbox does not accept.

    :param error: the code of RFC 7591, section 3.2.2, or of RFC 6750 for a token.
    """

    def __init__(self, status: int, error: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.error = error
        self.words = words


@dataclass(frozen=True, slots=True)
class RegisteredTool:
    """A tool as it registered.

    :param active: whether an administrator lets it be opened.
    :param body: its registration.
    """

    client_id: str
    deployment_id: str
    active: bool
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.body["client_name"])

    @property
    def login(self) -> str:
        """Where launches begin."""
        return str(self.body["initiate_login_uri"])

    @property
    def launch(self) -> str:
        """The redirect address."""
        return str(self.body["redirect_uris"][0])

    @property
    def origin(self) -> str:
        """Where its pages come from."""
        return origin(self.launch)

    @property
    def key_set(self) -> str:
        """Where its public keys are."""
        return str(self.body["jwks_uri"])

    @property
    def target(self) -> str:
        """Where a launch leads that says nothing else."""
        return str(self.body[TOOL].get("target_link_uri", self.launch))

    @property
    def scopes(self) -> frozenset[str]:
        """What it may ask access tokens for: what it registered for, of what the sandbox has."""
        return frozenset(str(self.body.get("scope", "")).split()) & frozenset(SCOPES)

    @property
    def claims(self) -> frozenset[str]:
        """The claims about people that it asked for."""
        return frozenset(self.body[TOOL].get("claims", ()))

    def address_for(self, message: str) -> str | None:
        """Where a message of this type leads; None when the tool did not register it."""
        for entry in self.body[TOOL].get("messages", ()):
            if entry.get("type") == message:
                return str(entry.get("target_link_uri") or self.target)
        return None

    @property
    def custom(self) -> dict[str, str]:
        """Its custom parameters, with variables filled in; unknown variables stay as they are (LTI 1.3)."""
        given = self.body[TOOL].get("custom_parameters", {})
        return {str(k): VARIABLES.get(str(v).removeprefix("$"), str(v)) for k, v in given.items()}


def demo_tool(tool_url: str) -> RegisteredTool:
    """The tool that the demo brings along, as if it had registered."""
    body = {
        "client_name": "Adaptive learning",
        "initiate_login_uri": f"{tool_url}/lti/login",
        "redirect_uris": [f"{tool_url}/lti/launch"],
        "jwks_uri": f"{tool_url}/lti/jwks",
        "scope": " ".join(SCOPES),
        TOOL: {
            "domain": urlsplit(tool_url).netloc,
            "target_link_uri": f"{tool_url}/",
            "messages": [{"type": entry["type"]} for entry in MESSAGES],
        },
    }
    return RegisteredTool(DEMO_CLIENT, DEMO_DEPLOYMENT, True, body)


def openid_configuration(base_url: str) -> dict[str, Any]:
    """What the sandbox says about itself (OpenID Connect Discovery 1.0, LTI Dynamic Registration 1.0)."""
    return {
        "issuer": base_url,
        "authorization_endpoint": f"{base_url}/lti/auth",
        "token_endpoint": f"{base_url}/lti/token",
        "jwks_uri": f"{base_url}/lti/jwks",
        "registration_endpoint": f"{base_url}/lti/registration",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", *SCOPES],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss"],
        PLATFORM: {
            "product_family_code": "stifinder-sandbox",
            "version": "1",
            "messages_supported": [dict(entry) for entry in MESSAGES],
            "variables": list(VARIABLES),
        },
    }


class Tools(SqliteFile):
    """Registered tools."""

    SCHEMA = """
    CREATE TABLE IF NOT EXISTS registration_token (digest TEXT PRIMARY KEY, until TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS tool (
        client_id TEXT PRIMARY KEY, deployment_id TEXT NOT NULL,
        active INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
    );
    """

    def new_token(self) -> str:
        """A registration token: good once, for an hour."""
        token = secrets.token_urlsafe(24)
        until = (datetime.now(UTC) + TOKEN_LIFETIME).isoformat()
        with self._open() as connection:
            connection.execute("INSERT INTO registration_token VALUES (?, ?)", (_digest(token), until))
        return token

    def register(self, token: str, body: Any) -> RegisteredTool:
        """Take a registration; it waits for an administrator.

        :raises RegistrationRejected: the token is no good, or the registration lacks something.
        """
        problem = _problem(body)
        with self._open() as connection:
            now = datetime.now(UTC).isoformat()
            used = connection.execute(
                "DELETE FROM registration_token WHERE digest = ? AND until > ?", (_digest(token), now)
            )
            if used.rowcount != 1:
                raise RegistrationRejected(401, "invalid_token", "The registration token is not good.")
            if problem:
                raise RegistrationRejected(400, "invalid_client_metadata", problem)
            number = connection.execute("SELECT count(*) FROM tool").fetchone()[0] + 1
            made = RegisteredTool(f"sandbox-{secrets.token_hex(6)}", str(number), False, body)
            connection.execute(
                "INSERT INTO tool (client_id, deployment_id, body) VALUES (?, ?, ?)",
                (made.client_id, made.deployment_id, json.dumps(body)),
            )
        return made

    def every(self) -> list[RegisteredTool]:
        """All tools, oldest first."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT client_id, deployment_id, active, body FROM tool ORDER BY rowid"
            ).fetchall()
        return [RegisteredTool(row[0], row[1], bool(row[2]), json.loads(row[3])) for row in rows]

    def find(self, client_id: str) -> RegisteredTool | None:
        """One tool, or None."""
        return next((tool for tool in self.every() if tool.client_id == client_id), None)

    def activate(self, client_id: str) -> None:
        """Let a tool be opened."""
        with self._open() as connection:
            connection.execute("UPDATE tool SET active = 1 WHERE client_id = ?", (client_id,))

    def remove(self, client_id: str) -> None:
        """Forget a tool."""
        with self._open() as connection:
            connection.execute("DELETE FROM tool WHERE client_id = ?", (client_id,))


def answer(tool: RegisteredTool) -> dict[str, Any]:
    """What the tool is told after its registration."""
    return {
        **tool.body,
        "client_id": tool.client_id,
        "scope": " ".join(scope for scope in SCOPES if scope in tool.scopes),
        TOOL: {**tool.body[TOOL], "deployment_id": tool.deployment_id},
    }


def origin(address: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _problem(body: Any) -> str:
    """What a registration lacks, as a sentence; "" when nothing."""
    if not isinstance(body, dict) or not isinstance(body.get(TOOL), dict):
        return "It is no tool's registration."
    texts = ("client_name", "initiate_login_uri", "jwks_uri")
    missing = [name for name in texts if not isinstance(body.get(name), str)]
    if "id_token" not in body.get("response_types", []):
        missing.append("response_types")
    if body.get("token_endpoint_auth_method") != "private_key_jwt":
        missing.append("token_endpoint_auth_method")
    redirects = body.get("redirect_uris")
    if not isinstance(redirects, list) or not redirects or not isinstance(redirects[0], str):
        missing.append("redirect_uris")
    if missing:
        return f"Missing or wrong: {', '.join(missing)}."
    target = body[TOOL].get("target_link_uri")
    if not isinstance(target, str) or urlsplit(target).netloc != body[TOOL].get("domain"):
        return "The domain is not that of target_link_uri."
    messages = body[TOOL].get("messages", [])
    if not isinstance(messages, list) or not all(isinstance(entry, dict) for entry in messages):
        return "The messages are no list of objects."
    return ""
