"""Leave-last-out: each learner's order of first practice, its last step hidden and to be foretold.

Learners of train and test files are in one set: a method learns from everybody's steps but the hidden ones.
Settings are chosen one step earlier, with the step before the hidden one hidden too (``earlier``): there the
step that is foretold is a training row.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from ...core.errors import InvalidInput
from .. import knowledge_tracing
from .suite import Options, public

AT_LEAST = 5
"""Learners with fewer different items are left out."""
BEST = 10
COLUMNS = ("learner", "item", "time")
START = datetime(2026, 1, 1, tzinfo=UTC)
FORM = "Each line after the heading is learner,item,time[,result]; see 'stifinder bench --help'."


@dataclass(frozen=True, slots=True)
class Step:
    """An item practised for the first time; the result is 0..1 or None."""

    item: str
    at: datetime
    result: float | None = None


@dataclass(frozen=True)
class Histories:
    """What learners did, and what they did next.

    :param items: every item there is, in an order that says nothing of them.
    :param seen: each learner's steps in order, without the hidden one.
    :param hidden: what each learner did next.
    :param titles: item to its title, where it has one.
    """

    name: str
    items: tuple[str, ...]
    seen: tuple[tuple[Step, ...], ...]
    hidden: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)

    def earlier(self) -> Histories:
        """One step earlier: to choose settings by, because nothing of the hidden steps is in it."""
        return replace(
            self,
            seen=tuple(steps[:-1] for steps in self.seen),
            hidden=tuple(steps[-1].item for steps in self.seen),
        )


def split(
    name: str, learners: Sequence[Sequence[Step]], seed: int, titles: Mapping[str, str] | None = None
) -> Histories:
    """Hide the last step of every learner with at least ``AT_LEAST``.

    :raises InvalidInput: when there is no such learner.
    """
    kept = [tuple(steps) for steps in learners if len(steps) >= AT_LEAST]
    if not kept:
        raise InvalidInput(f"no learner did at least {AT_LEAST} different items", FORM, where=name)
    items = sorted({step.item for steps in learners for step in steps})
    mixed = [items[n] for n in np.random.default_rng(seed).permutation(len(items)).tolist()]
    return Histories(
        name,
        tuple(mixed),
        tuple(steps[:-1] for steps in kept),
        tuple(steps[-1].item for steps in kept),
        titles or {},
    )


def data(options: Options) -> Iterator[Histories]:
    """The user's own data, or both public data sets.

    :raises NoData: when the public data is not there.
    :raises InvalidInput: when a line of the user's cannot be read.
    """
    if options.file:
        yield split(options.file.name, read(options.file), options.seed)
        return
    folder = public("knowledge_tracing")
    titles = {
        f"skill-{number}": title.strip()
        for number, _, title in (
            line.partition("\t")
            for line in (folder / "assist2009_updated_skill_mapping.txt").read_text("utf-8").splitlines()
        )
    }
    yield split("ASSISTments 2009", _practised(folder, "assist2009_updated"), options.seed, titles)
    yield split("STATICS 2011", _practised(folder, "STATICS"), options.seed)


def _practised(folder: Path, name: str) -> list[list[Step]]:
    """Skills in order of first practice, a minute apart because the files hold no times."""
    answers = [
        one for part in ("train", "test") for one in knowledge_tracing.read(folder / f"{name}_{part}.csv")
    ]
    return [
        [Step(skill, START + timedelta(minutes=n)) for n, skill in enumerate(dict.fromkeys(one.skills))]
        for one in answers
    ]


def read(path: Path) -> list[list[Step]]:
    """Read learner,item,time[,result] with a heading; each learner's items in order of first practice.

    :raises InvalidInput: for a line that does not fit; names it.
    """
    first: dict[str, dict[str, Step]] = defaultdict(dict)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        heading = [cell.strip().lower() for cell in next(rows, [])]
        if tuple(heading[:3]) != COLUMNS or heading[3:] not in ([], ["result"]):
            raise InvalidInput(f"the heading is {','.join(heading)!r}", FORM, where=f"{path.name} line 1")
        for row in rows:
            if not row:
                continue
            where = f"{path.name} line {rows.line_num}"
            cells = [cell.strip() for cell in row]
            if len(cells) not in (3, len(heading)) or not all(cells[:3]):
                raise InvalidInput(f"{len(cells)} columns, or an empty one, in {row}", FORM, where=where)
            learner, item = cells[:2]
            step = Step(item, _time(cells[2], where), _result(cells[3] if len(cells) > 3 else "", where))
            if item not in first[learner] or step.at < first[learner][item].at:
                first[learner][item] = step
    return [sorted(steps.values(), key=lambda step: (step.at, step.item)) for steps in first.values()]


def _time(cell: str, where: str) -> datetime:
    try:
        at = (
            datetime.fromtimestamp(float(cell), UTC)
            if _is_number(cell)
            else datetime.fromisoformat(cell.replace("Z", "+00:00"))
        )
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput(
            f"{cell!r} is no time",
            "Write ISO 8601 (2026-03-01T09:00:00Z) or seconds since 1970.",
            where=where,
        ) from error
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _result(cell: str, where: str) -> float | None:
    if not cell:
        return None
    if not _is_number(cell) or not 0 <= float(cell) <= 1:
        raise InvalidInput(f"{cell!r} is no result", "Write 0 to 1, or leave it empty.", where=where)
    return float(cell)


def ndcg(places: Sequence[float]) -> float:
    """NDCG@10 with one relevant item each: ``1 / log2(place + 1)`` up to place 10 (from 1), else 0."""
    return float(np.mean([1 / math.log2(place + 1) if place <= BEST else 0.0 for place in places]))


def place_by_score(scores: np.ndarray, done: Sequence[int], hidden: int) -> float:
    """Where the hidden item stands among those not done, from 1; equal scores share their mean place."""
    left = np.array(scores, dtype=np.float64)
    left[list(done)] = -np.inf
    mine = left[hidden]
    return 1 + float((left > mine).sum()) + (float((left == mine).sum()) - 1) / 2


Scores = Callable[[Sequence[int]], np.ndarray]
"""From a learner's items (numbers, in order of practice) to a score of every item."""


def places(histories: Histories, scores: Scores, every: int = 1) -> list[float]:
    """The place of the hidden items by a method that scores items by number.

    :param every: of every how many learners one is asked for.
    """
    number = {item: n for n, item in enumerate(histories.items)}
    found = []
    for steps, hidden in zip(histories.seen[::every], histories.hidden[::every], strict=True):
        done = [number[step.item] for step in steps]
        found.append(place_by_score(scores(done), done, number[hidden]))
    return found
