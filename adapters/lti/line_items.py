"""Finding the column of a link where a launch names only the list of columns (AGS 2.0, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

from ...core.outgoing import Outgoing
from ...core.store.lti import Registration
from ...schemas.addresses import is_safe_address
from ...schemas.lti_services import LINE_ITEM_SCOPE
from .paging import ListRefused, pages
from .tokens import Tokens

LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"


def of_link(
    outgoing: Outgoing, tokens: Tokens, registration: Registration, line_items: str, link_id: str
) -> str:
    """The address of the first column that belongs to a link, looked for page by page.

    :param line_items: address of the course's columns.
    :raises ListRefused: when there is none.
    :raises OutgoingError: when the platform does not tell.
    """
    parts = urlsplit(line_items)
    query = "&".join(filter(None, [parts.query, urlencode({"resource_link_id": link_id})]))
    address = urlunsplit(parts._replace(query=query))
    for page in pages(outgoing, tokens, registration, address, LINE_ITEM_SCOPE, LINE_ITEMS_TYPE):
        for item in page if isinstance(page, list) else ():
            found = item.get("id") if isinstance(item, Mapping) else None
            # Not every platform heeds the filter.
            if isinstance(found, str) and item.get("resourceLinkId") == link_id and is_safe_address(found):
                return found
    raise ListRefused("The link has no column in the gradebook.", "Switch grading on for it in the LMS.")
