"""Reading lists of a platform's services page by page: the next page is in the ``Link`` header (RFC 8288)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from ...core.errors import OutgoingError
from ...core.outgoing import Outgoing
from ...core.store.lti import Registration
from .tokens import Tokens

MOST_PAGES = 1000
LARGEST_BYTES = 4_000_000
SECONDS = 20.0


class ListRefused(OutgoingError):
    """The platform did not give a list that its launch offered."""

    code = "list-refused"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    :param content: parsed from JSON.
    :param links: relation, in lower case, to the address of its ``Link`` header.
    """

    content: Any
    links: Mapping[str, str]


def pages(
    outgoing: Outgoing, tokens: Tokens, registration: Registration, address: str, scope: str, media_type: str
) -> Iterator[Any]:
    """What the pages of a list hold, parsed from JSON; see :func:`linked_pages`."""
    for page in linked_pages(outgoing, tokens, registration, address, scope, media_type):
        yield page.content


def linked_pages(
    outgoing: Outgoing, tokens: Tokens, registration: Registration, address: str, scope: str, media_type: str
) -> Iterator[Page]:
    """The pages of a list, each with its links.

    :raises ListRefused: for another answer than 200, or pages that lead elsewhere or round in circles.
    :raises OutgoingError: when there is no token or no answer.
    """
    seen: set[str] = set()
    here: str | None = address
    while here is not None:
        if here in seen or len(seen) >= MOST_PAGES:
            raise ListRefused(f"The list at {_host(address)} does not end.", "Tell the makers of the LMS.")
        if not same_origin(here, address):  # the token is for the platform that gave it, and nobody else
            raise ListRefused(
                f"The list at {_host(address)} goes on at {_host(here)}.",
                "Check the address of the LMS in its settings.",
            )
        seen.add(here)
        answer = outgoing.get(
            here,
            headers={
                "Authorization": f"Bearer {tokens.get(registration, [scope])}",
                "Accept": media_type,
            },
            limit_bytes=LARGEST_BYTES,
            seconds=SECONDS,
        )
        if answer.status != 200:
            if answer.status == 401:
                tokens.forget(registration)
            raise ListRefused(
                f"{_host(address)} answered {answer.status} when asked for a list.",
                "Let the tool use this service in the LMS, then try again.",
            )
        links = _links(answer.headers.get("Link", ""), here)
        yield Page(answer.json(), links)
        here = links.get("next")


def _links(header: str, here: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for link in requests.utils.parse_header_links(header):
        for relation in link.get("rel", "").lower().split():
            found.setdefault(relation, urljoin(here, link["url"]))
    return found


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses are at the same place, so that a token for one may be shown to the other."""
    return _origin(one) == _origin(other)


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()


def _host(address: str) -> str:
    return urlsplit(address).hostname or "?"
