"""Lists in parts: each part names the place where the next one begins, not a count of entries before it.

So entries that are added meanwhile neither push others over a border nor make them appear twice. A cursor is
signed, and belongs to one list with one set of filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from flask import request, url_for
from itsdangerous import BadData

from ...core.errors import NotFound
from ..cookies import base_path, signer
from ..token_gate import current
from ..visiting import core

Entry = TypeVar("Entry")
Answer = tuple[Mapping[str, Any], int, Mapping[str, str]]
_PURPOSE = "api-cursor"


def place(query: Mapping[str, Any]) -> Any:
    """The place where this part begins, as an earlier one named it; None for the first part.

    :raises NotFound: when the cursor is not of this list, or of other filters.
    """
    if not query["cursor"]:
        return None
    try:
        list_of, found = signer(core().secrets, _PURPOSE).loads(query["cursor"])
    except (BadData, ValueError, TypeError) as error:
        raise _unknown() from error
    if list_of != _this_list(query):
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("There is no such part of this list.", "Begin again, without `cursor`.")


def _this_list(query: Mapping[str, Any]) -> list[str]:
    filters = sorted(f"{name}={value}" for name, value in query.items() if name not in ("cursor", "limit"))
    return [current().tenant_id, request.path, *filters]


def part(items: Sequence[Entry], query: Mapping[str, Any], place_of: Callable[[Entry], Any]) -> Answer:
    """An answer with one part of a list.

    :param items: one more than ``limit`` where there are more, which only says that there are.
    :param place_of: an entry's place in the list's order, as JSON.
    """
    shown = items[: query["limit"]]
    if len(items) == len(shown):
        return {"items": shown, "next": None}, 200, {}
    cursor = signer(core().secrets, _PURPOSE).dumps([_this_list(query), place_of(shown[-1])])
    asked: dict[str, Any] = {**(request.view_args or {}), **request.args.to_dict(), "cursor": cursor}
    path = url_for(str(request.endpoint), **asked)
    base_url = core().settings.base_url
    address = base_url + path.removeprefix(base_path(base_url))
    return {"items": shown, "next": address}, 200, {"Link": f'<{address}>; rel="next"'}


def sorted_part(
    entries: Iterable[Entry], query: Mapping[str, Any], place_of: Callable[[Entry], Any]
) -> Answer:
    """One part of a list that is at hand as a whole; ``place_of`` gives its order too, as a list."""
    after = place(query)
    ordered = sorted((entry for entry in entries if after is None or place_of(entry) > after), key=place_of)
    return part(ordered[: query["limit"] + 1], query, place_of)
