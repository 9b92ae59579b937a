"""The xAPI door: statements come in here. An intake, not a store to query (``docs/xapi.md``).

Every answer is problem+json (RFC 9457) when something is wrong, and names the statement and the field.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed, RequestEntityTooLarge

from ..core.errors import InvalidInput, NotFound, StifinderError, StoreUnavailable, TooLarge, Unauthorized
from ..schemas.statement_parts import read_parts
from ..schemas.statements import Limits, read_batch, read_id, read_one
from .problems import problem
from .xapi_credentials import Gate

if TYPE_CHECKING:
    from ..core.service import Core

log = logging.getLogger(__name__)

VERSIONS = ("2.0.0", "1.0.3", "1.0.2", "1.0.1", "1.0.0")
RETRY_SECONDS = 5
_VERSION_HEADER = "X-Experience-API-Version"
_EXACT_ONLY = {"format", "attachments"}
_PLACE = re.compile(r"\A(\[(\d+)\])?\.?([^\s:]*)")
_PLACE_SAID = re.compile(r"\A(\[\d+\][^\s:]*): ")

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def blueprint() -> Blueprint:
    """``/xapi/statements`` and ``/xapi/about``; needs the core in ``app.extensions["stifinder"]``."""
    door = Blueprint("xapi", __name__, url_prefix="/xapi")
    gate = Gate()

    @door.get("/about")
    def about() -> Response:
        return _json({"version": list(VERSIONS), "extensions": {}})

    @door.post("/statements")
    def post() -> Response:
        version, tenant_id = _version(), gate.tenant(_core().database, request.authorization)
        _only_arguments()
        body, attached = _body()
        core = _core()
        arrivals = read_batch(body, now=core.clock(), limits=_limits(), version=version, attached=attached)
        if arrivals:
            core.intake(tenant_id, arrivals)
        return _json([arrival.id for arrival in arrivals])

    @door.put("/statements")
    def put() -> Response:
        version, tenant_id = _version(), gate.tenant(_core().database, request.authorization)
        _only_arguments("statementId")
        statement_id = read_id(request.args.get("statementId", ""), "statementId")
        body, attached = _body()
        core = _core()
        arrival = read_one(
            body,
            statement_id=statement_id,
            now=core.clock(),
            limits=_limits(),
            version=version,
            attached=attached,
        )
        core.intake(tenant_id, [arrival])
        return Response(status=204)

    @door.get("/statements")
    def get() -> Response:
        version, tenant_id = _version(), gate.tenant(_core().database, request.authorization)
        return _stored(_core(), tenant_id, version)

    @door.route("/<path:rest>", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    def elsewhere(rest: str) -> Response:
        if rest in {"statements", "about"}:
            raise MethodNotAllowed()
        raise NotFound("There is no such resource here.", "Send statements to /xapi/statements.")

    door.register_error_handler(StifinderError, _problem)
    door.after_request(_headers)
    return door


def collapse_slashes(app: WsgiApp) -> WsgiApp:
    """Read ``/xapi//statements`` as ``/xapi/statements``.

    Senders join addresses carelessly, and do not follow a redirect.
    """

    def collapsed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if "//" in path and path.lstrip("/").startswith("xapi/"):
            environ = {**environ, "PATH_INFO": re.sub("/{2,}", "/", path)}
        return app(environ, start_response)

    return collapsed


def _core() -> Core:
    return cast("Core", current_app.extensions["stifinder"])


def _limits() -> Limits:
    limits = _core().settings.limits
    return Limits(body=limits.xapi_body_bytes, statements=limits.xapi_batch, depth=limits.xapi_depth)


# --- what is asked --------------------------------------------------------------------------------


def _version() -> str:
    said = request.headers.get(_VERSION_HEADER, "").strip()
    version = {"1.0": "1.0.0", "2.0": "2.0.0"}.get(said, said)
    if version not in VERSIONS:
        what = f"{said[:20]!r} is no version of xAPI spoken here." if said else "The header is missing."
        raise InvalidInput(what, "Send 1.0.0 to 1.0.3, or 2.0.0.", where=_VERSION_HEADER)
    return version


def _only_arguments(*known: str) -> None:
    for name in request.args:
        if name not in known:
            raise InvalidInput("This parameter is not known here.", "Leave it out.", where=name[:40])


def _body() -> tuple[bytes, frozenset[str]]:
    """The JSON of the statements, read up to the limit and no further, and the sums of attached files."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InvalidInput(
            "A compressed body is not read.", "Send it uncompressed.", where="Content-Encoding"
        )
    limit = _limits().body
    too_large = TooLarge(f"The body has more than {limit} bytes.", "Send fewer statements at a time.")
    # A body without a Content-Length is cut at the maximum in silence: one byte more tells whether it was.
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_large from None
    except ClientDisconnected:
        raise InvalidInput(
            "The body is shorter than its Content-Length.", "Send it again.", where="Content-Length"
        ) from None
    if len(body) > limit:
        raise too_large
    if request.mimetype in {"", "application/json"}:
        return body, frozenset()
    if request.mimetype == "multipart/mixed":
        return read_parts(request.headers["Content-Type"], body)
    raise InvalidInput(
        f"Statements do not come as {request.mimetype[:60]!r}.",
        "Send application/json.",
        where="Content-Type",
    )


# --- what is answered -----------------------------------------------------------------------------


def _stored(core: Core, tenant_id: str, version: str) -> Response:
    arguments = request.args
    unknown = set(arguments) - {"statementId", "voidedStatementId"} - _EXACT_ONLY
    if unknown or len(set(arguments) & {"statementId", "voidedStatementId"}) != 1:
        raise InvalidInput(
            "Stifinder takes statements in; it is no store to query.",
            "Ask for one by statementId, or query the LRS of your LMS.",
            where=min(unknown, default="statementId")[:40],
        )
    if arguments.get("format", "exact") != "exact" or arguments.get("attachments", "false") != "false":
        raise InvalidInput("Only format=exact, without attachments, is answered.", "Leave both out.")
    if "voidedStatementId" in arguments:
        read_id(arguments["voidedStatementId"], "voidedStatementId")
        raise NotFound("No statement is voided here.", "Ask for it by statementId.")
    statement_id = read_id(arguments["statementId"], "statementId")
    found = core.statement(tenant_id, statement_id)
    if found is None:
        raise NotFound(
            f"No statement {statement_id} is kept.",
            "It never came, or was not kept for want of consent, or was erased.",
        )
    raw, stored_at = found
    # Only the outermost level is read: a sender's extension may hold a number too large for ours.
    statement: dict[str, object] = dict(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
    statement["stored"] = _time(stored_at)
    statement.setdefault("timestamp", statement["stored"])
    statement["version"] = "2.0.0" if version == "2.0.0" else "1.0.0"
    answer = _json(statement)
    answer.last_modified = stored_at
    answer.headers["X-Experience-API-Consistent-Through"] = _time(core.clock())
    return answer


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), mimetype="application/json")


def _problem(error: StifinderError) -> Response:
    """The error as problem+json, with the statement's number and the field, where there is one."""
    (log.error if error.status >= 500 else log.info)("xapi: %s (%s)", error.code, error.status)
    where, what = getattr(error, "where", ""), error.what
    if not where and (said := _PLACE_SAID.match(what)):
        where, what = said[1], what[said.end() :]
    more: dict[str, object] = {}
    if where:
        place = _PLACE.match(where)
        more["where"] = where
        if place and place[1]:
            more |= {"statement": int(place[2]), "field": place[3]}
    answer = problem(error.status, error.code, what, error.cure, **more)
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = 'Basic realm="xAPI", charset="UTF-8"'
    if isinstance(error, StoreUnavailable):
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _headers(response: Response) -> Response:
    said = request.headers.get(_VERSION_HEADER, "")
    response.headers[_VERSION_HEADER] = "2.0.0" if said.startswith("2.") else "1.0.3"
    return response
