"""The tab with the record of what staff did: newest first, and whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, request, stream_with_context

from ...core.store import audit as store
from ...core.store.audit import Entry
from ..visiting import core
from .page import show_tab, tenant_id

ROWS = 50
MOST = 2**63 - 1
"""The largest number that a database takes."""
CHECKED_AT_ONCE = 5_000
"""Entries up to which the whole record is checked whenever the page is opened."""


def add_routes(made: Blueprint) -> None:
    """Add this tab."""
    made.add_url_rule("/audit", "audit", audit)
    made.add_url_rule("/audit.jsonl", "audit_export", export)


def audit() -> Response:
    """Some entries; ``before``, ``act``, ``sign`` and ``check`` come with the address."""
    before = request.args.get("before", type=int)
    if before is not None:
        before = min(max(before, 0), MOST)
    act, sign = request.args.get("act", ""), request.args.get("sign", "")
    found = core().audit_page(tenant_id(), before=before, limit=ROWS + 1, act=act, sign=sign)
    newest = next(iter(core().audit_log(tenant_id(), limit=1)), None)
    count = newest.seq if newest else 0
    checked = count <= CHECKED_AT_ONCE or request.args.get("check") == "1"
    acts, signs = core().audit_kinds(tenant_id())
    return show_tab(
        "administration/audit.html",
        "administration.audit",
        entries=found[:ROWS],
        older=found[ROWS - 1].seq if len(found) > ROWS else None,
        before=before,
        act=act,
        sign=sign,
        acts=acts,
        signs=signs,
        count=count,
        newest=newest,
        checked=checked,
        broken=core().audit_broken_at(tenant_id()) if checked else None,
        details=_details,
    )


def _details(entry: Entry) -> str:
    """What else is recorded, in short."""
    said = []
    for name, value in sorted(entry.details.items()):
        if value not in ("", None):
            said.append(
                f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            )
    return "; ".join(said)


def export() -> Response:
    """The whole record, oldest first: one JSON object a line, each with its seal."""
    tenant = tenant_id()
    lines = current_app.response_class(stream_with_context(_lines(tenant)), mimetype="application/jsonl")
    lines.headers["Content-Disposition"] = f'attachment; filename="audit-{tenant}.jsonl"'
    return lines


def _lines(tenant: str) -> Iterator[str]:
    with core().database.read() as connection:
        for entry in store.whole(connection, tenant):
            row = {
                "seq": entry.seq,
                "at": entry.at.isoformat(),
                "actor": entry.actor.sign,
                "role": entry.actor.role,
                "act": entry.act,
                "subject": entry.subject,
                "details": dict(entry.details),
                "digest": entry.digest,
            }
            yield json.dumps(row, ensure_ascii=False) + "\n"
