"""The public data that the simulated mind is fitted to, read into arrays; see ``STIFINDER_DATA``."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..bench.suite import public
from ..knowledge_tracing import read

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 30
"""Answers of one person on one skill that are looked at."""
SKILLS = 200
"""Above the numbers of all skills."""
DAY = 86400.0


@dataclass(frozen=True)
class Answered:
    """Answers on skills, in order.

    :param right: 1.0 or 0.0, by answer.
    :param before: answers of the same person on the same skill before it, by answer.
    :param pair: number of the (person, skill) pair, by answer.
    :param person, skill: by pair.
    """

    right: Floats
    before: Ints
    pair: Ints
    person: Ints
    skill: Ints


@dataclass(frozen=True)
class Reviewed:
    """Reviews of cards, [card, review]; what a card has no more of is padded with NaN.

    :param day: days since the card's first review.
    :param recalled: 1.0 or 0.0.
    """

    day: Floats
    recalled: Floats


@dataclass(frozen=True)
class Stayed:
    """Who was still handing in.

    :param day, share: of those registered, who handed in the assessment due then or a later one; by
        assessment that is not the last of its course.
    :param people: how many were registered, by assessment.
    :param results, left: of each assessment handed in that was not the last: the mean result so far in
        0..1, and whether nothing was handed in after it.
    """

    day: Floats
    share: Floats
    people: Floats
    results: Floats
    left: Floats


def number(skill: str) -> int:
    """The number of a skill in both files."""
    return int(skill.removeprefix("skill-"))


def answered(part: str, learners: int | None = None) -> Answered:
    """ASSISTments 2009 (updated), ``part`` is ``train`` or ``test``.

    :raises NoData: when the file is not there.
    """
    people = read(public("knowledge_tracing", f"assist2009_updated_{part}.csv"))[:learners]
    pairs: dict[tuple[int, int], int] = {}
    rows: list[tuple[bool, int, int]] = []
    for person, one in enumerate(people):
        seen: Counter[str] = Counter()
        for skill, right in zip(one.skills, one.right, strict=True):
            if seen[skill] < MOST:
                rows.append((right, seen[skill], pairs.setdefault((person, number(skill)), len(pairs))))
            seen[skill] += 1
    columns = np.array(rows)
    who = np.array(list(pairs))
    return Answered(columns[:, 0].astype(float), columns[:, 1], columns[:, 2], who[:, 0], who[:, 1])


def reviewed() -> Reviewed:
    """The review log that comes with py-fsrs.

    :raises NoData: when the file is not there.
    """
    cards: dict[str, list[tuple[float, bool]]] = {}
    with public("spacing", "review_log.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["review_time"]).timestamp() / DAY
            cards.setdefault(row["card_id"], []).append((at, row["review_rating"] != "1"))
    longest = max(map(len, cards.values()))
    day, recalled = np.full((len(cards), longest), np.nan), np.full((len(cards), longest), np.nan)
    for n, reviews in enumerate(cards.values()):
        reviews.sort()
        day[n, : len(reviews)] = [at - reviews[0][0] for at, _ in reviews]
        recalled[n, : len(reviews)] = [well for _, well in reviews]
    return Reviewed(day, recalled)


def stayed() -> Stayed:
    """The Open University's people (OULAD), without those who withdrew: they are not in the file at hand.

    :raises NoData: when a file is not there.
    """
    due = {
        row["id_assessment"]: ((row["code_module"], row["code_presentation"]), float(row["date"]))
        for row in _rows(public("oulad", "assessments.csv"))
    }
    registered: dict[tuple[str, str], int] = {}
    for row in _rows(public("oulad", "studentInfo.csv")):
        course = row["code_module"], row["code_presentation"]
        registered[course] = registered.get(course, 0) + 1
    handed: dict[tuple[tuple[str, str], str], dict[float, float]] = {}
    for row in _rows(public("oulad", "studentAssessment.csv")):
        course, day = due[row["id_assessment"]]
        handed.setdefault((course, row["id_student"]), {})[day] = float(row["score"] or 0) / 100
    days: dict[tuple[str, str], list[float]] = {}
    for course, day in due.values():
        days.setdefault(course, []).append(day)
    points, results, left = [], [], []
    for course, all_days in days.items():
        people = [scores for (of, _), scores in handed.items() if of == course]
        for day in sorted(set(all_days))[:-1]:
            still = sum(max(scores) >= day for scores in people)
            points.append((day, still / registered[course], registered[course]))
            for scores in people:
                if day in scores:
                    results.append(float(np.mean([s for then, s in scores.items() if then <= day])))
                    left.append(float(max(scores) == day))
    table = np.array(sorted(points))
    return Stayed(table[:, 0], table[:, 1], table[:, 2], np.array(results), np.array(left))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
