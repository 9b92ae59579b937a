"""A tenant with something of everything, a second installation, and files that were changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from small_course import COURSE, EVERYTHING, ISSUER, NOW, Clock, launch_of
from sqlalchemy import Table, insert
from stifinder.core.decisions import DecisionKind
from stifinder.core.people import Depth, Profile, Purpose, Source
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store import tables
from stifinder.core.store.suggestions import record_out
from stifinder.lab.patience import Patient
from stifinder.schemas.moving_archive import MANIFEST, MEMBERS
from stifinder.schemas.statements import read_batch

OTHER = "https://other-lms.example.org"


def installation(folder: Path, migrated: Path, name: str, clock: Clock | None = None) -> Core:
    """Stifinder on a machine of its own, with its own secret."""
    folder.mkdir()
    shutil.copy(migrated, folder / "stifinder.db")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url="http://127.0.0.1:8080",
        secret=f"the secret of {name}, used in tests only",
        development=True,
    )
    core = Core(settings, plugins=Plugins(isolation=Patient()), clock=clock or Clock())
    core.migrate()
    return core


def said(name: str, activity: int, verb: str = "completed", **result: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{activity}/{verb}")),
        "actor": {"account": {"homePage": ISSUER, "name": name}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": f"{ISSUER}/activities/{activity}"},
        "timestamp": (NOW - timedelta(hours=3)).isoformat(),
        **({"result": result} if result else {}),
    }


def send(core: Core, *statements: dict[str, Any]) -> None:
    core.intake("t", read_batch(json.dumps(statements).encode(), now=core.clock()))


def fill(core: Core) -> Core:
    """Put something into every table that moves."""
    core.import_catalogue("t", COURSE)
    for n in (1, 2, 3):
        learner = core.agree(launch_of(f"person-{n}"), EVERYTHING)
        send(core, said(f"person-{n}", 0), said(f"person-{n}", 2, "scored", score={"scaled": n / 7}))
        core.set_profile(
            "t", learner, Profile((), {}, n == 1, ("video",), "Electrician", Depth.USE, NOW.date(), 2)
        )
        shown = core.page(launch_of(f"person-{n}"), learner).suggestions
        core.start("t", learner, shown[0].suggestion.id)
    here: dict[str, Any] = {"tenant_id": "t", "context_id": core.catalogue("t").activities[0].context_ids[0]}
    who = {"learner_id": learner}
    activity = core.catalogue("t").activities[3].id
    staff = {
        "decided_by": "staff-0001",
        "decided_at": NOW,
        "activity_id": activity,
        "kind": DecisionKind.HIDE,
    }
    record = record_out(shown[0].suggestion)
    extra: list[tuple[Table, dict[str, Any]]] = [
        (tables.setting, {**here, "key": "exploration", "value": 3, "changed_at": NOW}),
        (
            tables.plugin_choice,
            {"plugin": "spacing", "enabled": False, "settings": {"a": 1}, "changed_at": NOW},
        ),
        (tables.decision, {**here, **staff, "learner_id": ""}),
        (tables.decision, {**here, **staff, **who}),
        (tables.dropped, {"day": "2026-03-01", "reason": "no-consent", "count": 7}),
        (tables.erasure, {"id": "e" * 16, "at": NOW, "removed": {"event": 3}}),
        (tables.course_group, {**here, "id": "g" * 32, "title": "Group", "set_title": "Set"}),
        (tables.course_group_member, {**here, **who, "group_id": "g" * 32}),
        (tables.waiting, {**here, **who, "activity_id": activity, "at": NOW, "record": record}),
        (
            tables.award,
            {
                **who,
                "key": "k",
                "title": "An award",
                "at": NOW,
                "record": {"skill_id": "", "reason": record["reasons"][0]},
            },
        ),
        (
            tables.mastery,
            {**who, "skill_id": "s", "mean": 0.9, "low": 0.8, "high": 1.0, "answers": 9, "at": NOW},
        ),
    ]
    with core.database.write() as connection:
        for table, row in extra:
            connection.execute(insert(table).values(**{**row, "tenant_id": "t"}))
    core.set_legal_basis(
        "t",
        Purpose.SUGGESTIONS,
        Source.STATEMENTS,
        basis="contract",
        decided_by="the board",
        notice="A notice.",
    )
    return core


def rewritten(path: Path, **changed: bytes | None) -> Path:
    """The archive with other contents; sizes and checksums in the manifest fit."""
    names = {name.replace(".", "_"): name for name in (MANIFEST, *MEMBERS)}
    with zipfile.ZipFile(path) as archive:
        contents: dict[str, bytes | None] = {n: archive.read(n) for n in archive.namelist()}
    contents |= {names[key]: value for key, value in changed.items()}
    manifest = json.loads(contents[MANIFEST] or b"")
    for key in changed:
        body = contents[names[key]]
        if body is not None and names[key] != MANIFEST:
            entry = manifest["files"][names[key]]
            entry |= {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
            if entry["lines"] is not None:
                entry["lines"] = body.count(b"\n")
    if "manifest_json" not in changed:
        contents[MANIFEST] = json.dumps(manifest).encode()
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in contents.items():
            if body is not None:
                archive.writestr(name, body)
    return target


def content(file: Path, name: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(name)
