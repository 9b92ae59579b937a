"""Recall at a review, foretold; and what is retained for the minutes spent (``spacing_simulated``).

Tests are reviews at least a day after the last one of the same card. The first 70 % by time are there to
learn from, the rest is judged. Ours foretells each test from the answers before it and then learns from it,
all through the plugin's own learned model.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import StifinderError
from ...core.evidence import Event, EventKind
from ...core.plugins import Plugins
from . import spacing_peers as peers
from .measure import measured, microseconds
from .spacing_peers import Answer, Vector
from .spacing_simulated import simulated
from .suite import Options, Row, absent, peer, public

PART = 0.7
RESULTS = (0.0, 0.6, 0.8, 1.0)  # of a rating 1-4, as the plugin reads results back into ratings
SEEN = (50, 100, 300, 1000, 3000)
LONGEST = 60_000  # milliseconds a review of the log can have taken


def run(options: Options) -> list[Row]:
    """The rows of the suite."""
    answers = read(options.file or public("spacing", "review_log.csv"))
    name = options.file.stem if options.file else "review log"
    rows = _foretold(name, answers, options)
    return rows if options.file else rows + simulated(options)


def read(path: Path) -> list[Answer]:
    """A log by time: columns card_id, review_rating (1-4), review_time (ISO 8601), review_duration (ms).

    :raises StifinderError: when a row cannot be read; names its line.
    """
    answers = []
    with path.open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                at = datetime.fromisoformat(row["review_time"])
                grade = int(row["review_rating"])
                spent = min(LONGEST, float(row.get("review_duration") or 0)) / 1000
            except (KeyError, TypeError, ValueError) as error:
                raise StifinderError(
                    f"line {line} of {path.name} cannot be read: {error}",
                    "Give card_id, review_rating, review_time and review_duration in each line.",
                ) from error
            if not 1 <= grade <= 4 or at.tzinfo is None:
                raise StifinderError(
                    f"line {line} of {path.name} has the rating {grade} or a time without a zone",
                    "Ratings are 1 to 4; times have a zone, such as +00:00.",
                )
            answers.append(Answer(row["card_id"], int(at.timestamp()), grade, spent))
    return sorted(answers, key=lambda a: a.at)


def event(a: Answer, number: int) -> Event:
    """An answer as the tool meets it; each card is a skill."""
    at = datetime.fromtimestamp(a.at, UTC)
    return Event(
        f"event-{number}",
        "tenant-1",
        "learner-1",
        EventKind.REVIEWED,
        at,
        skills=(a.card,),
        score=RESULTS[a.grade - 1],
        minutes=a.spent / 60,
    )


def served(answers: Sequence[Answer]) -> tuple[Vector, Vector]:
    """What the plugin's model foretold of each test, and what it would have with its defaults."""
    model = _model()
    state = model.empty()
    for number, a in enumerate(answers):
        state = model.fold(state, event(a, number))
    told = state.foretold("learner-1")
    return np.array([t.recall for t in told]), np.array([t.default for t in told])


def _model() -> Any:
    return next(model for _, model in Plugins().models() if model.name == "spacing")


def log_losses(told: Vector, recalled: Vector) -> Vector:
    """Of each test, in nats."""
    found: Vector = -np.log(np.where(recalled > 0, told, 1 - told))
    return found


def calibration(told: Vector, recalled: Vector) -> tuple[float, float]:
    """Expected calibration error and root mean square error: ten bins of equal width, weighed by size."""
    bins = np.minimum(9, (told * 10).astype(int))
    gaps, sizes = [], []
    for number in np.unique(bins):
        inside = bins == number
        gaps.append(abs(float(told[inside].mean() - recalled[inside].mean())))
        sizes.append(inside.mean())
    return float(np.dot(gaps, sizes)), float(np.sqrt(np.dot(np.square(gaps), sizes)))


def _foretold(data: str, answers: list[Answer], options: Options) -> list[Row]:
    is_test = peers.tests(answers)
    recalled = np.array([float(a.grade > 1) for a, test in zip(answers, is_test, strict=True) if test])
    part = int(PART * len(recalled))
    if part < 1:
        raise StifinderError(
            "there is no card with a review a day after another", "Give a log of more than one day."
        )
    rows: list[Row] = []

    def judge(name: str, ours: bool, make: Callable[[], Vector], source: str = "measured here") -> Vector:
        options.say(name)
        done = measured(make)
        told = done.value
        loss = float(log_losses(told[part:], recalled[part:]).mean())
        rows.append(Row(data, "log loss", name, ours, loss, done.seconds, done.peak_mb, source))
        error, root = calibration(told[part:], recalled[part:])
        rows.append(Row(data, "calibration error", name, ours, error, source=source))
        rows.append(Row(data, "RMSE (bins)", name, ours, root, source=source))
        return told

    ours = judge("as served", True, lambda: served(answers)[0])
    default, state = peers.fsrs(answers)
    rows += _little_history(data, log_losses(ours, recalled), log_losses(default, recalled))
    rows += _costs(data, answers)
    if not options.peers:
        return rows
    judge("fsrs, default parameters", False, lambda: peers.fsrs(answers)[0])
    rate = float(np.clip(recalled[:part].mean(), 1e-4, 1 - 1e-4))
    judge("constant", False, lambda: np.full(len(recalled), rate))
    judge("gradient boosting on fsrs state", False, peers.boosted(state, recalled, part))
    judge("SM-2 as 0.9^(days/interval)", False, lambda: peers.sm2_recall(answers))
    judge("half-life regression", False, lambda: peers.hlr_recall(answers, part))
    if package := peer("fsrs_rs_python"):
        seen = [a for a, _ in zip(answers, _until(is_test, part), strict=False)]
        judge("fsrs-rs, optimised", False, lambda: peers.fsrs(answers, peers.optimised(package, seen))[0])
    else:
        rows.append(absent(data, "log loss", "fsrs-rs, optimised", "fsrs-rs-python"))
    return rows


def _until(is_test: Sequence[bool], part: int) -> range:
    """The answers before the test that is judged first."""
    numbers = count()
    return range(next(n for n, test in enumerate(is_test) if test and next(numbers) == part))


def _little_history(data: str, ours: Vector, default: Vector) -> list[Row]:
    """Mean log loss of the first tests, where little was learned; and the most ours was ever behind."""
    rows = []
    for seen in (n for n in SEEN if n <= len(ours)):
        metric = f"log loss, first {seen} reviews"
        rows.append(Row(data, metric, "as served", True, float(ours[:seen].mean())))
        rows.append(Row(data, metric, "fsrs, default parameters", False, float(default[:seen].mean())))
    behind = max(0.0, float(np.max(np.cumsum(ours - default))))
    rows.append(Row(data, "sum of log loss behind the defaults, at worst", "as served", True, behind))
    return rows


def _costs(data: str, answers: list[Answer]) -> list[Row]:
    """Of an answer that arrives, of replaying it, and of a foretelling, with the latest 100 cards' record."""
    cards = set(list(dict.fromkeys(a.card for a in reversed(answers)))[:100])
    chosen = [a for a in answers if a.card in cards]
    model, numbers = _model(), count()
    state = model.empty()
    for a in chosen:
        state = model.fold(state, event(a, next(numbers)))
    last = event(chosen[-1], 0)
    fold = microseconds(lambda: model.fold(state, last), 500)
    state = model.load(model.dump(model.subtract(state, "learner-1")))
    for a in chosen:
        state = model.fold(state, event(a, next(numbers)))
    whole = microseconds(lambda: state.foretold("learner-1"), 5) / len(chosen)
    person, at = state.person("learner-1"), chosen[-1].at + 3 * peers.DAY
    tell = microseconds(lambda: person.recall(chosen[-1].card, at), 500)
    named = (("update (µs)", fold), ("learning from an answer (µs)", whole), ("prediction (µs)", tell))
    return [Row(data, metric, "as served", True, value) for metric, value in named]
