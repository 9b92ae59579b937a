"""What is written down of a fault of ours: where it happened, and nothing of what was being handled.

The words of an exception may quote what somebody sent: an address with a token in it, an e-mail address, an
answer. On a developer's machine they are wanted; in a log that many may read, files, lines and types are
enough to find the place.
"""

from __future__ import annotations

import logging
import traceback


def report(log: logging.Logger, where: str, error: BaseException, *, words: bool) -> None:
    """Write a fault down.

    :param where: the endpoint.
    :param words: whether what exceptions say is written too.
    """
    if words:
        log.error("unforeseen fault in %s", where, exc_info=error)
    else:
        log.error("unforeseen fault in %s\n%s", where, "\n".join(places(error)))


def places(error: BaseException) -> list[str]:
    """Lines about an exception and what led to it: types, and where they were raised; no words of theirs."""
    told: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        told.append(f"{type(link).__module__}.{type(link).__qualname__}, raised at:")
        told += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(link.__traceback__)
        ]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return told
