"""Tables (CSV) that people write for a move: who is called what, and where things are, at the new place."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..core import identity
from ..core.errors import ConfigurationError, InvalidInput
from ..core.moving.parts import Alignment

PEOPLE = ("issuer", "user")
ACCOUNTS = ("old_issuer", "old_user", "new_issuer", "new_user")
ADDRESSES = ("old", "new")
ALIGNMENTS = ("skill", "framework", "uri")


def people(path: Path) -> Iterator[str]:
    """Canonical identities of the people in a table with the columns ``issuer`` and ``user``.

    :raises InvalidInput: with file, line, and the cure.
    """
    for _, (issuer, user) in _rows(path, PEOPLE):
        yield identity.account(issuer, user)


def accounts(path: Path) -> dict[str, str]:
    """Old identity to new one, from a table with the four columns of ``ACCOUNTS``.

    :raises InvalidInput: also when one person is named twice, or two people would be one.
    """
    found: dict[str, str] = {}
    taken: dict[str, int] = {}
    for line, (old_issuer, old_user, new_issuer, new_user) in _rows(path, ACCOUNTS):
        old, new = identity.account(old_issuer, old_user), identity.account(new_issuer, new_user)
        if old in found:
            raise InvalidInput(
                f"{old_user!r} is there twice.",
                "Give each person one row.",
                where=f"{path.name}, line {line}",
            )
        if new in taken:
            raise InvalidInput(
                f"{new_user!r} is also the new account of line {taken[new]}.",
                "Give each person an account of their own.",
                where=f"{path.name}, line {line}",
            )
        found[old] = new
        taken[new] = line
    return found


def addresses(path: Path) -> dict[str, str]:
    """Old address to new one, from a table with the columns ``old`` and ``new``.

    :raises InvalidInput: also when one address is named twice.
    """
    found: dict[str, str] = {}
    for line, (old, new) in _rows(path, ADDRESSES):
        if old in found:
            raise InvalidInput(
                f"{old!r} is there twice.", "Give each address one row.", where=f"{path.name}, line {line}"
            )
        if old.endswith("/") != new.endswith("/"):
            raise InvalidInput(
                f"Only one of {old!r} and {new!r} ends in a slash.",
                "A slash at the end stands for all that begins so: write it at both, or at none.",
                where=f"{path.name}, line {line}",
            )
        found[old] = new
    return found


def alignments(path: Path) -> dict[str, list[Alignment]]:
    """A skill's id or title to what it is called in published frameworks.

    From a table with the columns ``skill``, ``framework`` (such as CASE or ESCO) and ``uri``.

    :raises InvalidInput: also for what is no address.
    """
    found: dict[str, list[Alignment]] = {}
    for line, (skill, framework, uri) in _rows(path, ALIGNMENTS):
        if not uri.startswith(("https://", "http://")):
            raise InvalidInput(
                f"{uri!r} is no address.",
                "Give the item's own, such as https://… of a CASE CFItem or http://data.europa.eu/esco/skill/…",
                where=f"{path.name}, line {line}",
            )
        found.setdefault(skill, []).append(Alignment(uri=uri, framework=framework))
    return found


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    try:
        stream = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", "Check its name and rights."
        ) from error
    with stream:
        rows = csv.DictReader(stream)
        try:
            missing = [c for c in columns if c not in (rows.fieldnames or ())]
            if missing:
                raise InvalidInput(
                    f"The column {missing[0]!r} is missing.",
                    f"The first line must be: {','.join(columns)}",
                    where=path.name,
                )
            for row in rows:
                values = [(row[c] or "").strip() for c in columns]
                if not all(values):
                    empty = columns[values.index("")]
                    raise InvalidInput(
                        f"{empty} is empty.",
                        "Fill it, or remove the line.",
                        where=f"{path.name}, line {rows.line_num}",
                    )
                yield rows.line_num, values
        except UnicodeDecodeError:
            raise InvalidInput("It is not UTF-8.", "Save it as UTF-8.", where=path.name) from None
        except csv.Error as error:
            raise InvalidInput(
                f"It is no CSV: {error}.", "Correct it.", where=f"{path.name}, line {rows.line_num}"
            ) from None
