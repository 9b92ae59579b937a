"""How well a mastery estimate foretells the next answer, on public data of real learners.

The files hold three lines a learner: how many answers, the skill of each, right (1) or wrong (0) of each. The
estimate is asked before each answer and told it after; the area under the ROC curve (AUC) compares with
published figures on the same files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sklearn.metrics import log_loss, roc_auc_score

from ..core.errors import InvalidInput
from ..core.evidence import Event, EventKind
from ..core.learned import LearnedModel

START = datetime(2026, 1, 1, tzinfo=UTC)
Predict = Callable[[Mapping[str, Any], str, str], float]
"""From (model name to state, learner, skill) to the probability of a right answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """One learner's answers in order: skills, and right or wrong."""

    skills: tuple[str, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """How well answers were foretold: AUC (0.5 chance, 1 perfect), log loss, and how many answers."""

    auc: float
    log_loss: float
    answers: int


def data_folder() -> Path:
    """Where public data lies: ``STIFINDER_DATA``, else ``shared/data`` beside the project's folder."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("STIFINDER_DATA", beside))


def read(path: Path) -> list[Answers]:
    """Read a file of answers.

    :raises InvalidInput: when a learner's lines do not fit together; names the line.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    learners = []
    for number in range(0, len(lines) - 2, 3):
        skills, marks = (_cells(line) for line in lines[number + 1 : number + 3])
        if len(skills) != len(marks) or not set(marks) <= {"0", "1"}:
            raise InvalidInput(
                f"{len(skills)} skills and {len(marks)} answers do not fit together",
                "Each learner has three lines: count, skills, answers (0 or 1).",
                where=f"{path.name} line {number + 1}",
            )
        learners.append(Answers(tuple(f"skill-{s}" for s in skills), tuple(m == "1" for m in marks)))
    return learners


def _cells(line: str) -> list[str]:
    return [cell for cell in line.split(",") if cell.strip()]


def events(learners: Iterable[Answers], prefix: str) -> Iterator[Event]:
    """The answers as events, a minute apart."""
    for number, learner in enumerate(learners):
        for step, (skill, right) in enumerate(zip(learner.skills, learner.right, strict=True)):
            yield Event(
                id=f"{prefix}-{number}-{step}",
                tenant_id="tenant-1",
                learner_id=f"{prefix}-{number}",
                kind=EventKind.ANSWERED,
                at=START + timedelta(minutes=step),
                skills=(skill,),
                success=right,
            )


def next_answer(
    models: Iterable[LearnedModel], predict: Predict, train: Iterable[Answers], test: Iterable[Answers]
) -> Score:
    """Fold the training answers, then foretell each test answer from those before it.

    Of the test file a learner's own answers are learned as they come, and taken out again after the learner:
    no test learner helps another.
    """
    models = list(models)
    states = {model.name: model.empty() for model in models}
    for event in events(train, "train"):
        for model in models:
            states[model.name] = model.fold(states[model.name], event)
    truth, guess = [], []
    learner = ""
    for event in events(test, "test"):
        if learner and learner != event.learner_id:
            for model in models:
                states[model.name] = model.subtract(states[model.name], learner)
        learner = event.learner_id
        truth.append(bool(event.success))
        guess.append(predict(states, learner, event.skills[0]))
        for model in models:
            states[model.name] = model.fold(states[model.name], event)
    return Score(float(roc_auc_score(truth, guess)), float(log_loss(truth, guess)), len(truth))
