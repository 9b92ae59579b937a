"""Where a browser keeps no cookies in frames: the LMS's page keeps values for us, by postMessage.

1EdTech's "LTI OIDC Login with LTI Client Side postMessages" and "LTI postMessage Storage" (0.1). The LMS says
with ``lti_storage_target`` that it can. A server cannot speak to that storage, only a script in the browser
can: small pages of ours (``storage/step.html``) put values there or bring one back, and go on by themselves.

Pages that live on this storage have addresses below ``/storage/<place>/``. The place is signed and says which
LMS keeps the values, and nothing else.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken
from flask import Flask, Request, Response, g, make_response, render_template, request
from itsdangerous import BadData

from ...core.secrets import Secrets
from ...schemas.addresses import origin
from .. import security_headers
from ..cookies import base_path, launch_core, signer

FIELD = "kept"
"""The form field in which a page of ours brings a value back."""
LONGEST_TARGET = 200
"""Characters of a frame's name."""
PREFIX = "/storage/"
SHOWN = "/shown"
"""In an address: this POST only carries a value; what it asks for is the page (GET)."""
MACHINE_PATHS = ("/xapi", "/api", "/.well-known", "/lti", PREFIX)
"""Not reachable below ``/storage/``: no pages of a visit; they keep the one address that proxies know."""

_PLACE = re.compile(rf"{PREFIX}([A-Za-z0-9_.-]{{1,1000}})({SHOWN})?(/.*)")
_ENVIRON = "stifinder.storage_place"
_PURPOSE = "storage-place"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Place:
    """A storage that an LMS offers.

    :param origin: of the LMS's authentication address; values go to this origin only, and come from it.
    :param target: name of the frame in the LMS's page that answers; ``_parent`` for the page itself.
    """

    origin: str
    target: str


def offered(target: str, auth_login_url: str) -> Place | None:
    """The storage that a login request offers, if it does.

    :param target: the request's ``lti_storage_target``; "" when it has none.
    """
    if not target or len(target) > LONGEST_TARGET:
        return None
    return Place(origin(auth_login_url), target)


def use(place: Place) -> None:
    """From here on the answer to this request keeps its values in this storage, not in cookies."""
    g.storage_place = place


def in_use() -> Place | None:
    """The storage that this request's page lives on; None: cookies.

    An address whose place is not ours counts as one without: it then finds no cookie either.
    """
    if "storage_place" not in g:
        token = request.environ.get(_ENVIRON, "")
        try:
            found = Place(*signer(launch_core().secrets, _PURPOSE).loads(token)) if token else None
        except BadData:
            found = None
        g.storage_place = found
    return cast("Place | None", g.storage_place)


def put(key: str, value: str) -> None:
    """Have the answer to this request put a value into the storage in use; "" empties it."""
    if "storage_puts" not in g:
        g.storage_puts = {}
    g.storage_puts[key] = value


def asked(sent: Request = request) -> bool:
    """Whether this request is the one that a page of the storage sends: it is not asked again."""
    return FIELD in sent.form


def posted(sent: Request = request) -> str:
    """What a page of ours brought back from the storage; "" when nothing was there, or none was asked.

    Only what our own page sends counts. Else anybody could begin a login, and have a stranger's browser
    finish it with the value that belongs to it.
    """
    return sent.form.get(FIELD, "") if from_own_page(sent) else ""


def from_own_page(sent: Request = request) -> bool:
    """Whether a form came from a page of ours: browsers say so, and pages cannot say it for them."""
    return sent.headers.get("Origin", "") == origin(launch_core().settings.base_url)


# --- sealing ----------------------------------------------------------------------------------------


def seal(key: str, value: str) -> str:
    """A value that the LMS's page may hold, and cannot read; packed: more than 4,096 in all need not fit."""
    packed = zlib.compress(json.dumps([key, value]).encode(), 9)
    return _box(launch_core().secrets).encrypt(packed).decode()


def unseal(key: str, sealed: str) -> str | None:
    """Undo :func:`seal`; None when it was not made here, was changed, or belongs to another key."""
    try:
        packed = _box(launch_core().secrets).decrypt(sealed.encode())
    except InvalidToken:
        return None
    found, value = json.loads(zlib.decompress(packed))
    return str(value) if found == key else None


def _box(secrets: Secrets) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secrets.derive("platform-storage")))


# --- the pages in between ---------------------------------------------------------------------------


def go_on(place: Place, puts: Mapping[str, str], address: str) -> Response:
    """A page that puts values into the storage, and goes on to an address; a link does it without script."""
    security_headers.allow_frame(place.origin)
    return _protected(
        render_template("storage/step.html", place=place, puts=list(puts.items()), address=address)
    )


def bring_back(place: Place, key: str, action: str, fields: Iterable[tuple[str, str]] = ()) -> Response:
    """A page that reads a value, and sends it with a form (``FIELD``); without script, an empty one.

    :param action: an address of ours.
    :param fields: what else the form carries.
    """
    security_headers.allow_frame(place.origin)
    page = render_template(
        "storage/step.html", place=place, key=key, action=action, fields=list(fields), field=FIELD
    )
    return _protected(page)


def bring_back_here(place: Place, key: str) -> Response:
    """The page that asks for this same address once more, with the value."""
    asks_for_page = request.method != "POST"
    fields = () if asks_for_page else [pair for pair in request.form.items(multi=True) if pair[0] != FIELD]
    return bring_back(place, key, _here(SHOWN if asks_for_page else ""), fields)


def _here(marked: str = "") -> str:
    """The address of this request below its place."""
    query = request.query_string.decode()
    return f"{request.script_root}{marked}{quote(request.path)}" + (f"?{query}" if query else "")


def _protected(page: str) -> Response:
    g.storage_step = True
    response = make_response(page)
    # With the usual "no-referrer" browsers would not say from whose page a form came.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


# --- the application --------------------------------------------------------------------------------


def init_app(app: Flask) -> None:
    """Serve pages below ``/storage/<place>/`` too, and let their answers carry what is to be put."""
    app.wsgi_app = _placed(app.wsgi_app)  # type: ignore[method-assign,assignment]
    app.after_request(_carry)


def _placed(app: WsgiApp) -> WsgiApp:
    """Take the place out of the address; it stays in ``SCRIPT_NAME``, hence in every link of the page."""

    def placed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        match = _PLACE.fullmatch(environ.get("PATH_INFO", ""))
        if match is None or match[3].startswith(MACHINE_PATHS):
            return app(environ, start_response)
        inner = {
            **environ,
            "SCRIPT_NAME": f"{environ.get('SCRIPT_NAME', '')}{PREFIX}{match[1]}",
            "PATH_INFO": match[3],
            _ENVIRON: match[1],
        }
        if match[2] and environ["REQUEST_METHOD"] == "POST":
            inner["REQUEST_METHOD"] = "GET"
        return app(inner, start_response)

    return placed


def _carry(response: Response) -> Response:
    """Put what this request keeps: on a page of its own before a redirect, else along with the page."""
    if "storage_step" in g or (_ENVIRON not in request.environ and "storage_place" not in g):
        return response
    place = in_use()
    if place is None:
        return response
    response.headers["Referrer-Policy"] = "same-origin"
    puts: dict[str, str] = g.get("storage_puts", {})
    if response.location:
        response.location = _within(place, response.location)
        return go_on(place, puts, response.location) if puts else response
    if response.mimetype == "text/html":
        values = {"place": place, "puts": list(puts.items()), "here": _here()}
        part = render_template("storage/along.html", **values)
        response.set_data(response.get_data(as_text=True).replace("</body>", f"{part}</body>"))
    return response


def _within(place: Place, location: str) -> str:
    """An address of ours, below the place; others unchanged."""
    core = launch_core()
    base = base_path(core.settings.base_url)
    prefix = f"{base}{PREFIX}"
    if not location.startswith(f"{base}/") or location.startswith((prefix, "//")):
        return location
    token = signer(core.secrets, _PURPOSE).dumps([place.origin, place.target])
    return f"{prefix}{token}{location.removeprefix(base)}"
