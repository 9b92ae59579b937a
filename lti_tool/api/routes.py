"""How a call of the API is declared: its address, what it takes and gives, and what can be refused.

One decorator puts these together, so that what the document says and what the code does come from one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from flask import Request
from flask_smorest import Blueprint  # type: ignore[import-untyped]
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from ...schemas.api_fields import ID_PATTERN, Nothing

PREFIX = "/api/v1"

View = TypeVar("View", bound=Callable[..., Any])


class IdConverter(BaseConverter):
    """An opaque id in an address: 32 hexadecimal digits."""

    regex = ID_PATTERN.strip("^$")
    part_isolating = True


class NameConverter(BaseConverter):
    """A plugin's name in an address."""

    regex = "[A-Za-z0-9_.-]{1,100}"
    part_isolating = True


def any_of(words: Iterable[str]) -> str:
    """The beginning of a part of an address that is one of these words; its name and ``>`` follow."""
    quoted = ",".join(f'"{word}"' for word in words)
    return f"<any({quoted})"


class _Parser(FlaskParser):
    """Reads what is sent, strictly: unknown fields, other media types and doubled parameters are errors."""

    DEFAULT_VALIDATION_STATUS = 422
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012  (as webargs has it)

    def load_json(self, req: Request, schema: Schema) -> Any:  # noqa: ARG002
        """The body as JSON."""
        if not re.fullmatch(r"application/(json|[\w.+-]+\+json)", req.mimetype or ""):
            raise UnsupportedMediaType("The body must be JSON, with `Content-Type: application/json`.")
        try:
            return msgspec.json.decode(req.get_data(cache=True))
        except msgspec.DecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error
        except RecursionError as error:
            raise BadRequest("The body is nested too deeply.") from error

    def load_querystring(self, req: Request, schema: Schema) -> Any:  # noqa: ARG002
        """The parameters; one that comes twice is a list, which no field takes."""
        return {name: values[0] if len(values) == 1 else values for name, values in req.args.lists()}


class Calls(Blueprint):  # type: ignore[misc]
    """A group of calls.

    :param name: of the blueprint; ``lti_tool.access`` says by it and the handler's name who may come.
    :param title: of the group, in the document.
    """

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, name: str, title: str, about: str, path: str = "") -> None:
        super().__init__(name, __name__, url_prefix=PREFIX + path, description=about)
        self.title = title

    def call(
        self,
        method: str,
        path: str,
        gives: type[Schema],
        *,
        asks: type[Schema] = Nothing,
        takes: type[Schema] | None = None,
        headers: type[Schema] | None = None,
        status: int = 200,
        also: int | None = None,
        refuses: tuple[int, ...] = (),
    ) -> Callable[[View], View]:
        """Declare a call; the handler gets the address's parts, and ``query``, ``body``, ``headers`` by name.

        :param gives: what is answered.
        :param asks: what the query may hold; passed on only when it is not ``Nothing``.
        :param takes: what the body holds.
        :param also: another status of the same answer.
        :param refuses: further statuses of refusals; usual ones the document adds by itself.
        """

        def declare(view: View) -> View:
            made: Callable[..., Any] = view
            if takes is not None:
                made = self.arguments(takes, arg_name="body")(made)
            if headers is not None:
                made = self.arguments(headers, location="headers", arg_name="headers")(made)
            if asks is Nothing:
                made = self.arguments(asks, location="query", arg_name="_query")(_without_query(made))
            else:
                made = self.arguments(asks, location="query", arg_name="query")(made)
            made = self.response(status, gives)(made)
            if also is not None:
                made = self.alt_response(also, schema=gives, success=True)(made)
            made = self.doc(**{"x-refuses": list(refuses), "operationId": f"{self.name}.{view.__name__}"})(
                made
            )
            self.add_url_rule(path, view.__name__, made, methods=[method])
            return view

        return declare


def _without_query(view: Callable[..., Any]) -> Callable[..., Any]:
    """A handler that is not told of a query that must be empty."""

    def called(*args: Any, _query: object, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    called.__name__, called.__module__, called.__doc__ = view.__name__, view.__module__, view.__doc__
    if hasattr(view, "_apidoc"):
        called._apidoc = view._apidoc  # type: ignore[attr-defined]
    return called
