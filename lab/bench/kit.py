"""How long the conformance kit takes for each plugin that ships with the tool."""

from __future__ import annotations

import time
from importlib.metadata import entry_points

from ...core.plugins import GROUP, OURS
from .suite import Options, Row


def run(options: Options) -> list[Row]:
    """Check each plugin as ``stifinder plugin check`` does; needs Hypothesis (extra ``kit``)."""
    from ..kit import check

    rows = []
    for name in sorted(e.name for e in entry_points(group=GROUP) if e.dist and e.dist.name == OURS):
        options.say(name)
        started = time.perf_counter()
        found = check(name, seed=options.seed)
        seconds = time.perf_counter() - started
        said = f"{len(found)} findings" if found else "no findings"
        source = f"measured here, {said}; target: under 60 s"
        rows.append(Row("all promises", "conformance kit (s)", name, True, seconds, source=source))
    return rows
