"""Moving a tenant: from the core into one file, and from a file into the core."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from .. import __version__
from ..core.desks.moving import Leaving
from ..core.moving.parts import Alignment, Arrived, MovedCatalogue, MovedLearner
from ..core.moving.places import Places
from ..core.service import Core
from ..core.staff import OPERATOR
from ..core.store import tool_keys
from ..schemas import moving_archive as archive
from ..schemas.moving_schema import schema
from ..schemas.moving_statements import actor_of, line_of
from ..schemas.open_badges import credential, signed

Progress = Callable[[str, int], None]
_encode = msgspec.json.Encoder().encode


def _quiet(_kind: str, _count: int) -> None:
    pass


@dataclass(slots=True)
class Left:
    """What an export wrote.

    :param lines: file to how many things are in it.
    :param unnamed: learners whom the new place cannot recognise.
    """

    lines: dict[str, int] = field(default_factory=dict)
    unnamed: int = 0


def export(
    core: Core,
    tenant_id: str,
    path: Path,
    *,
    known: Iterable[str] = (),
    alignments: Mapping[str, Sequence[Alignment]] | None = None,
    replace: bool = False,
    progress: Progress = _quiet,
) -> Left:
    """Write all of a tenant into one file.

    :param known: canonical identities of people of the LMS, to name those who never sent a statement.
    :param alignments: skill id or title to what it is called in published frameworks.
    :param progress: called with a file's name and how many lines were added to it.
    :raises NotFound: when there is no such tenant.
    :raises ConfigurationError: when the file is there already, or cannot be written.
    """
    now = core.clock()
    left = Left()

    def line(person: MovedLearner) -> bytes:
        left.unnamed += not person.identities
        return _encode(person)

    with (
        core.leaving(tenant_id, known) as leaving,
        archive.writing(path, now, replace=replace) as writer,
    ):
        catalogue = _aligned(leaving.catalogue(), alignments or {})
        objects = {a.id: a.object_id for a in catalogue.activities if a.object_id}
        home = core.settings.base_url
        writer.document(archive.SCHEMA, schema())
        writer.document(archive.SETTINGS, leaving.settings())
        writer.document(archive.CATALOGUE, catalogue)
        for name, lines in (
            (archive.PEOPLE, map(line, leaving.people(actor_of))),
            (archive.LEDGER, (line_of(e, home=home, objects=objects) for e in leaving.ledger())),
            (archive.RECORD, map(_encode, leaving.record())),
            (archive.ACHIEVEMENTS, _achievements(core, leaving, catalogue)),
        ):
            writer.lines(name, lines, partial(progress, name))
        left.lines = {name: member.lines for name, member in writer.files.items() if member.lines is not None}
        tip = leaving.tip()
        writer.document(
            archive.MANIFEST,
            archive.Manifest(
                format=archive.FORMAT,
                version=archive.VERSION,
                tenant=tenant_id,
                made_at=now,
                made_by=__version__,
                files=dict(writer.files),
                plugins=_plugins(core),
                seed=core.settings.seed,
                unnamed=left.unnamed,
                audit_seq=tip.seq,
                audit_digest=tip.digest,
            ),
        )
        # On record before the file has its name: an export that nobody can see must not exist.
        core.left(tenant_id, OPERATOR, {"lines": left.lines, "unnamed": left.unnamed})
    return left


def _aligned(catalogue: MovedCatalogue, alignments: Mapping[str, Sequence[Alignment]]) -> MovedCatalogue:
    skills = [
        msgspec.structs.replace(s, alignments=[*alignments.get(s.id, ()), *alignments.get(s.title, ())])
        for s in catalogue.skills
    ]
    return msgspec.structs.replace(catalogue, skills=skills)


def _achievements(core: Core, leaving: Leaving, catalogue: MovedCatalogue) -> Iterator[bytes]:
    """Each skill that somebody mastered, as a credential and as its signed form."""
    skills = {s.id: s for s in catalogue.skills}
    key = tool_keys.signing_key(core.database, core.secrets, core.clock())
    issuer, organisation = core.settings.base_url, leaving.settings().name
    for learner_id, known in leaving.mastered():
        if known.skill in skills:
            made = credential(
                learner_id, skills[known.skill], known, issuer=issuer, organisation=organisation
            )
            yield _encode({"learner": learner_id, "credential": made, "jwt": signed(made, key)})


def _plugins(core: Core) -> list[str]:
    return sorted(plugin.name for plugin in core.plugins.describe() if plugin.status == "ok")


def _differences(core: Core, manifest: archive.Manifest) -> list[str]:
    """In what this installation is another one, so that other things may be suggested."""
    here, there = set(_plugins(core)), set(manifest.plugins)
    said = [f"The plugin {name!r} is not here." for name in sorted(there - here)]
    said += [f"The plugin {name!r} was not there." for name in sorted(here - there)]
    if manifest.seed != core.settings.seed:
        said.append(f"The seed here is {core.settings.seed}; there it was {manifest.seed}.")
    return said


def import_(
    core: Core,
    path: Path,
    *,
    tenant_id: str = "",
    places: Places | None = None,
    progress: Progress = _quiet,
) -> tuple[str, Arrived]:
    """Take a tenant in from a file: everything, or nothing.

    :param tenant_id: under which id; "" keeps the one it had.
    :param progress: called with a kind of rows and how many were written, or ``"bytes"`` checked.
    :returns: the tenant's id, and what came in.
    :raises InvalidInput: when the file is not as it was written.
    :raises Conflict: when the tenant has data already, or two people would become one.
    """
    with archive.reading(path) as moved:
        moved.check(lambda count: progress("bytes", count))
        manifest = moved.manifest
        wanted = tenant_id or manifest.tenant
        details = {
            "from": manifest.tenant,
            "made_at": manifest.made_at.isoformat(),
            "made_by": manifest.made_by,
            "manifest": hashlib.sha256(_encode(manifest)).hexdigest(),
            "audit_seq": manifest.audit_seq,
            "audit_digest": manifest.audit_digest,
        }
        differences = _differences(core, manifest)
        arrived = core.arrive(wanted, manifest.tenant, moved, places or Places(), OPERATOR, details, progress)
    arrived.differences = differences
    return wanted, arrived
