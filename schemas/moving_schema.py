"""The JSON Schema of the files of a move, made from the forms that read and write them."""

from __future__ import annotations

from typing import Any

import msgspec

from ..core.moving import parts
from .moving_archive import CATALOGUE, MANIFEST, PEOPLE, RECORD, SETTINGS, VERSION, Manifest
from .moving_statements import NOTE, Note

ROOTS: dict[str, type[msgspec.Struct]] = {
    MANIFEST: Manifest,
    SETTINGS: parts.TenantSettings,
    CATALOGUE: parts.MovedCatalogue,
    f"each line of {PEOPLE}": parts.MovedLearner,
    f"each line of {RECORD}": parts.MovedSuggestion,
    f"the extension {NOTE} of each statement": Note,
}
"""What each form describes."""


def schema() -> dict[str, Any]:
    """One document (JSON Schema 2020-12): the forms in ``$defs``, any of which it describes."""
    roots, definitions = msgspec.json.schema_components(list(ROOTS.values()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Files of a moved Stifinder tenant, version {VERSION}",
        "anyOf": [{"title": what, **root} for what, root in zip(ROOTS, roots, strict=True)],
        "$defs": dict(sorted(definitions.items())),
    }
