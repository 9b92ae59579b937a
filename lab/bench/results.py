"""Results of suites as files: what was measured, on which machine, of which commit, when."""

from __future__ import annotations

import json
import os
import platform
import subprocess  # nosec B404 # git is asked for the commit
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ...core.errors import InvalidInput
from .suite import Row

SOURCE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Results:
    """The rows of one suite, and what they were measured with.

    :param machine: processor, cores and Python.
    :param commit: of the source; ``+`` behind it when files were changed since, empty outside a repository.
    :param at: ISO 8601, UTC.
    """

    suite: str
    rows: tuple[Row, ...]
    machine: str
    commit: str
    at: str


def of_this_run(suite: str, rows: Sequence[Row]) -> Results:
    """Rows measured here and now."""
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    return Results(suite, tuple(rows), machine(), commit(), at)


def machine() -> str:
    """Processor, cores and Python, in words."""
    processor = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as found:
            names = [line.partition(":")[2].strip() for line in found if line.startswith("model name")]
        processor = names[0] if names else processor
    except OSError:
        pass  # another system keeps no such file; the architecture says enough
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}"


def commit() -> str:
    """The commit of the source."""
    try:
        number, changed = (
            subprocess.run(  # noqa: S603  # nosec B603 B607 # fixed words
                ["git", *words],  # noqa: S607
                cwd=SOURCE,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for words in (
                ("rev-parse", "--short=12", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks", ":!docs"),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return number + ("+" if changed else "")


def as_json(suite: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The form that ``stifinder bench SUITE --json`` prints."""
    return {"suite": suite, "rows": [asdict(row) for row in rows]}


def write(results: Results, folder: Path) -> Path:
    """Write ``<suite>.json`` into a folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{results.suite}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def read(path: Path) -> Results:
    """Read what ``write`` wrote.

    :raises InvalidInput: when the file is none of these.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except msgspec.DecodeError as error:
        raise InvalidInput(
            f"not the results of a bench: {error}", "Write it again: stifinder bench SUITE", where=path.name
        ) from error
