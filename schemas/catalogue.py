"""Reading catalogues and lists of skills from files: CSV or JSON Lines, one row at a time.

A wrong row is answered with what is wrong in it, and reading goes on; only a file that cannot be read at all
raises. Nothing here keeps more than one row and the keys seen so far.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from marshmallow import Schema, ValidationError

from ..core.drafts import Draft, SkillDraft
from ..core.errors import ConfigurationError, InvalidInput
from .catalogue_row import ALIASES, CatalogueRow, SkillRow

LONGEST_LINE = 8_000_000
"""Bytes in one line of a file, and characters in one cell of CSV."""
SHOWN = 60
"""Characters of a wrong value that a report repeats."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a row.

    :param column: "" when it concerns the whole row.
    :param value: its beginning, as a text; "" when there is none.
    """

    column: str
    value: str
    reason: str
    cure: str

    def __str__(self) -> str:
        column = f"column {self.column}: " if self.column else ""
        value = f"{self.value!r} " if self.value else ""
        return f"{column}{value}{self.reason}. {self.cure}"


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken.

    :param line: where it begins in the file, from 1.
    """

    line: int
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "\n".join(f"line {self.line}, {problem}" for problem in self.problems)


def read_rows(path: Path, stream: BinaryIO | None = None) -> Iterator[Draft | Refused]:
    """The activities of a catalogue file, in its order.

    :param path: its name says what it is: ``.csv`` and ``.tsv``, or ``.jsonl`` and ``.ndjson``.
    :param stream: read from this instead of opening ``path`` (for a progress bar).
    :raises ConfigurationError: when the file is missing or is of another kind.
    :raises InvalidInput: when it is not UTF-8, or its header lacks a column that must be there.
    """
    return _load(path, stream, CatalogueRow())


def read_skills(path: Path, stream: BinaryIO | None = None) -> Iterator[SkillDraft | Refused]:
    """The skills of a vocabulary file (columns id, title, terms); otherwise as ``read_rows``."""
    return _load(path, stream, SkillRow())


def _load(path: Path, stream: BinaryIO | None, schema: Schema) -> Iterator[Any]:
    required = {name for name, field in schema.fields.items() if field.required}
    seen: dict[str, int] = {}
    for line, row in _rows(path, stream, required):
        if isinstance(row, Problem):
            yield Refused(line, (row,))
            continue
        try:
            draft = schema.load(row)
        except ValidationError as error:
            yield Refused(line, tuple(_problems(schema, row, error)))
            continue
        if draft.key in seen:
            reason = f"is the id of line {seen[draft.key]} already"
            cure = "Give each row an id of its own."
            yield Refused(line, (Problem("id", _shown(draft.key), reason, cure),))
            continue
        seen[draft.key] = line
        yield draft


def _problems(schema: Schema, row: Mapping[str, Any], error: ValidationError) -> Iterator[Problem]:
    for column, reasons in error.normalized_messages().items():  # type: ignore[no-untyped-call]
        names = [column, *(other for other, right in ALIASES.items() if right == column)]
        value = next((row[name] for name in names if row.get(name) is not None), "")
        field = schema.fields.get(column)
        yield Problem(column, _shown(value), str(reasons[0]), field.metadata["cure"] if field else "")


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _rows(
    path: Path, stream: BinaryIO | None, required: set[str]
) -> Iterator[tuple[int, Mapping[str, Any] | Problem]]:
    kind = path.suffix.lower()
    if kind not in (".csv", ".tsv", ".jsonl", ".ndjson"):
        raise ConfigurationError(
            f"{path} is neither CSV nor JSON Lines by its name.", "Name it .csv, .tsv, .jsonl or .ndjson."
        )
    with ExitStack() as stack:
        if stream is None:
            try:
                stream = stack.enter_context(path.open("rb"))
            except OSError as error:
                raise ConfigurationError(
                    f"{path} cannot be read: {error.strerror}.", "Check the name and its rights."
                ) from error
        lines = _lines(stream, path)
        yield from _json_rows(lines) if kind in (".jsonl", ".ndjson") else _csv_rows(lines, path, required)


def _lines(stream: BinaryIO, path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, with or without a byte order mark."""
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise InvalidInput("the file is UTF-16.", "Save it as UTF-8.", where=str(path))
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if len(raw) > LONGEST_LINE:
            raise InvalidInput(
                f"the line has more than {LONGEST_LINE:,} bytes.",
                "Write one row a line.",
                where=f"{path}, line {number}",
            )
        try:
            yield raw.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"byte 0x{raw[error.start]:02x} at place {error.start + 1} is not UTF-8.",
                "Save the file as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8).",
                where=f"{path}, line {number}",
            ) from error


def _json_rows(lines: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any] | Problem]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            yield (
                number,
                Problem("", _shown(line.strip()), f"is not JSON ({why})", "Write one object a line."),
            )
            continue
        if not isinstance(row, dict):
            cure = 'Write one object a line, like {"id": "sql-1", "title": "Selecting"}.'
            yield number, Problem("", _shown(line.strip()), "is not a JSON object", cure)
            continue
        yield number, row


def _csv_rows(
    lines: Iterator[str], path: Path, required: set[str]
) -> Iterator[tuple[int, Mapping[str, Any] | Problem]]:
    first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(LONGEST_LINE)
    names = next(csv.reader([first], delimiter=delimiter), [])
    header = [name.strip().lower().replace(" ", "_") for name in names]
    missing = required - {ALIASES.get(name, name) for name in header}
    if missing:
        raise InvalidInput(
            f"the header has no column {' and no column '.join(sorted(missing))}.",
            "Give the columns' names in the first line.",
            where=f"{path}, line 1",
        )
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 2  # one for the header, one because it is the line before
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cure = "Check its quotation marks; rows below may have become part of it."
            yield line, Problem("", "", f"is not CSV ({error})", cure)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            reason = f"there are {len(cells)} values for {len(header)} columns"
            yield line, Problem("", "", reason, "Put quotation marks around values that hold the separator.")
            continue
        yield line, dict(zip(header, cells, strict=True))
