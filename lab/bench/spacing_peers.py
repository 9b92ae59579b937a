"""What foretelling of recall is compared with, each written from its paper or run from its package.

A peer sees the same answers in the same order: card, FSRS rating 1-4, seconds. It foretells each test (a
review at least a day after the last of that card) from what came before it, and may be trained on the first
part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from fsrs import Card, Rating, Scheduler
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingClassifier

DAY = 86400
LIVES = (-6.0, 13.0)  # logarithms to base 2 of the shortest and the longest half-life, in days
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """One review: ``at`` in seconds since 1970, ``grade`` 1-4, ``spent`` in seconds (0 not known)."""

    card: str
    at: int
    grade: int
    spent: float = 0.0


def tests(answers: Sequence[Answer]) -> list[bool]:
    """Whether each answer came at least a day after the last of its card."""
    last: dict[str, int] = {}
    found = []
    for a in answers:
        found.append(a.card in last and a.at - last[a.card] >= DAY)
        last[a.card] = a.at
    return found


def fsrs(answers: Sequence[Answer], parameters: Sequence[float] | None = None) -> tuple[Vector, Vector]:
    """Recall by the ``fsrs`` package, and its state before each test: stability, difficulty, days, recall."""
    options: dict[str, Any] = {"learning_steps": (), "relearning_steps": (), "enable_fuzzing": False}
    scheduler = Scheduler(**options) if parameters is None else Scheduler(parameters, **options)
    cards: dict[str, Card] = {}
    held = []
    for a in answers:
        at = datetime.fromtimestamp(a.at, UTC)
        card = cards.get(a.card) or Card(card_id=1, due=at)
        if card.last_review and (at - card.last_review).total_seconds() >= DAY:
            recall = scheduler.get_card_retrievability(card, at)
            days = (at - card.last_review).total_seconds() / DAY
            held.append((math.log(card.stability or 1), card.difficulty or 1, math.log(days), recall))
        cards[a.card], _ = scheduler.review_card(card, Rating(a.grade), at)
    state = np.array(held)
    return np.clip(state[:, 3], 1e-4, 1 - 1e-4), state


def optimised(package: Any, answers: Sequence[Answer]) -> list[float]:
    """FSRS parameters that fsrs-rs finds for these answers."""
    cards: dict[str, list[Any]] = {}
    last: dict[str, int] = {}
    items, ids = [], []
    for a in answers:
        days = (a.at - last.get(a.card, a.at)) // DAY
        last[a.card] = a.at
        seen = cards.setdefault(a.card, [])
        seen.append(package.FSRSReview(a.grade, days))
        if days:
            items.append(package.FSRSItem(list(seen)))
            ids.append(int(a.card) if a.card.isdigit() else len(cards))
    found: list[float] = package.FSRS([]).compute_parameters(items, card_ids=ids)
    return found


@dataclass(frozen=True, slots=True)
class Repetition:
    """What SM-2 holds of a card: the number of repetitions, days to the next one, and the easiness factor."""

    number: int = 0
    days: float = 0.0
    easiness: float = 2.5


def sm2(before: Repetition, quality: int) -> Repetition:
    """SM-2 (Wozniak 1990): days 1, 6, then times the easiness factor; below quality 3 it starts again.

    :param quality: 0..5.
    """
    easiness = max(1.3, before.easiness + 0.1 - (5 - quality) * (0.08 + (5 - quality) * 0.02))
    if quality < 3:
        return Repetition(0, 1.0, before.easiness)
    days = (1.0, 6.0)[before.number] if before.number < 2 else math.ceil(before.days * before.easiness)
    return Repetition(before.number + 1, days, easiness)


def sm2_recall(answers: Sequence[Answer]) -> Vector:
    """SM-2 foretells no recall: read as exponential forgetting that reaches 0.9 when its interval ends.

    One repetition a day, rated by the first answer: again 1, hard 3, good 4, easy 5.
    """
    cards: dict[str, tuple[int, int, Repetition]] = {}
    told = []
    for a in answers:
        first, last, held = cards.get(a.card, (-1, a.at, Repetition()))
        if first >= 0 and a.at - last >= DAY:
            told.append(0.9 ** ((a.at - last) / DAY / held.days))
        if a.at // DAY != first:
            first, held = a.at // DAY, sm2(held, (1, 3, 4, 5)[a.grade - 1])
        cards[a.card] = (first, a.at, held)
    found: Vector = np.clip(np.array(told), 1e-4, 1 - 1e-4)
    return found


def half_life(weights: Vector, features: Vector, days: float) -> tuple[float, float]:
    """Recall ``2 ** (-days / h)`` with ``h = 2 ** (weights . features)`` days (Settles and Meeder 2016)."""
    life: float = 2.0 ** min(LIVES[1], max(LIVES[0], float(weights @ features)))
    return float(2.0 ** (-days / life)), life


def hlr_recall(answers: Sequence[Answer], part: int) -> Vector:
    """Half-life regression with the paper's features (roots of counts), trained on the first ``part`` tests.

    Its loss is squared error of recall plus 0.001 times the squared weights; the paper's second term, of the
    half-life, needs several answers a session, which this log does not hold.
    """
    counts: dict[str, list[int]] = {}
    rows, recalled = [], []
    for a, test in zip(answers, tests(answers), strict=True):
        right, wrong, last = counts.setdefault(a.card, [0, 0, a.at])
        if test:
            rows.append((1.0, math.sqrt(1 + right), math.sqrt(1 + wrong), (a.at - last) / DAY))
            recalled.append(float(a.grade > 1))
        counts[a.card] = [right + (a.grade > 1), wrong + (a.grade == 1), a.at]
    seen = np.array(rows)

    def told(weights: Vector, until: int) -> Vector:
        lives = np.clip(seen[:until, :3] @ weights, LIVES[0], LIVES[1])
        found: Vector = 2.0 ** (-seen[:until, 3] / 2.0**lives)
        return found

    def loss(weights: Vector) -> float:
        wrong = told(weights, part) - np.array(recalled[:part])
        return float((wrong**2).mean() + 0.001 * (weights**2).sum())

    weights = minimize(loss, np.array([3.0, 0.0, 0.0]), method="Nelder-Mead").x
    return np.clip(told(weights, len(seen)), 1e-4, 1 - 1e-4)


def boosted(state: Vector, recalled: Vector, part: int) -> Callable[[], Vector]:
    """Gradient boosting on the state FSRS holds, trained on the first ``part`` tests."""

    def fit() -> Vector:
        made = HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.05, max_leaf_nodes=8, random_state=1
        )
        made.fit(state[:part], recalled[:part])
        found: Vector = made.predict_proba(state)[:, 1]
        return found

    return fit
