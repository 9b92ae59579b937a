"""How well a mastery estimate foretells the next answer, on public data of real learners.

The files hold three lines a learner: how many answers, the skill of each, right (1) or wrong (0) of each. The
estimate is asked before each answer and told it after; the area under the ROC curve (AUC) compares with
published figures on the same files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from ..core.errors import InvalidInput
from ..core.evidence import Event, EventKind
from ..core.learned import Foretells, LearnedModel
from ..core.people import Purpose
from ..core.plugins import Plugins

START = datetime(2026, 1, 1, tzinfo=UTC)
MOST_SKILLS = 4
"""One question is taken to have at most this many skills, each of which has a row of its own."""
BINS = 15


@dataclass(frozen=True, slots=True)
class Answers:
    """One learner's answers in order: skills, and right or wrong."""

    skills: tuple[str, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Foretold:
    """Answers in the order of the file, and what was foretold of each.

    :param right: 1 or 0.
    :param chance: the foretold probability that it is right.
    :param before: how many answers of this learner stand before it in the file.
    :param sure: whether it cannot be a further row of the answer before it (see ``possible_twins``).
    """

    right: NDArray[np.float64]
    chance: NDArray[np.float64]
    before: NDArray[np.int64]
    sure: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> Foretold:
        """Some of the answers."""
        return Foretold(self.right[chosen], self.chance[chosen], self.before[chosen], self.sure[chosen])

    @property
    def auc(self) -> float:
        """Area under the ROC curve: 0.5 chance, 1 perfect."""
        return float(roc_auc_score(self.right, self.chance))

    @property
    def log_loss(self) -> float:
        """Mean negative log likelihood, in nats."""
        return float(log_loss(self.right, self.chance, labels=[0, 1]))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error (Guo et al., 2017): over 15 equal ranges, foretold against right."""
        place = np.minimum((self.chance * BINS).astype(int), BINS - 1)
        gaps = np.bincount(place, self.right - self.chance, minlength=BINS)
        return float(np.abs(gaps).sum() / len(self.right))


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


def possible_twins(skills: Sequence[str]) -> list[int]:
    """For each row, from which row on those before it may belong to the same answer.

    An answer to a question with several skills has a row for each, one after the other, all on different
    skills. The file does not name the question, so every such run, of ``MOST_SKILLS`` rows at most, is
    suspected; whether the answers agree is not looked at, because that would give the answer away.
    """
    found = []
    for place, skill in enumerate(skills):
        run = {skill}
        start = place
        while start and len(run) < MOST_SKILLS and skills[start - 1] not in run:
            start -= 1
            run.add(skills[start])
        found.append(start)
    return found


def together(learner: Answers) -> list[range]:
    """A learner's rows in groups that may be one answer each: different skills, all right or all wrong."""
    groups = []
    start = 0
    for place in range(1, len(learner.skills) + 1):
        if (
            place == len(learner.skills)
            or place - start == MOST_SKILLS
            or learner.skills[place] in learner.skills[start:place]
            or learner.right[place] != learner.right[start]
        ):
            groups.append(range(start, place))
            start = place
    return groups if learner.skills else []


def event(learner_id: str, learner: Answers, rows: range) -> Event:
    """Rows as one answer; rows are a minute apart."""
    return Event(
        id=f"{learner_id}-{rows.start}",
        tenant_id="tenant-1",
        learner_id=learner_id,
        kind=EventKind.ANSWERED,
        at=START + timedelta(minutes=rows.start),
        skills=tuple(learner.skills[row] for row in rows),
        success=learner.right[rows.start],
    )


def events(learners: Iterable[Answers], prefix: str, *, twins: bool = False) -> Iterator[Event]:
    """The answers as events; with ``twins``, rows that may be one answer are one event."""
    for number, learner in enumerate(learners):
        rows = together(learner) if twins else [range(n, n + 1) for n in range(len(learner.skills))]
        for group in rows:
            yield event(f"{prefix}-{number}", learner, group)


@dataclass(frozen=True)
class Foreteller:
    """A plugin that foretells answers, with the models it does so from."""

    plugin: str
    foretells: Foretells
    models: tuple[LearnedModel, ...]


def foretellers(plugins: Plugins) -> list[Foreteller]:
    """Every plugin with a model that foretells answers."""
    offered = plugins.models()
    return [
        Foreteller(name, model, tuple(other for owner, other in offered if owner == name))
        for name, model in offered
        if isinstance(model, Foretells)
    ]


def learn(foreteller: Foreteller, train: Iterable[Answers], *, twins: bool = False) -> dict[str, Any]:
    """The states after the training answers, solved."""
    states = {model.name: model.empty() for model in foreteller.models}
    for one in events(train, "train", twins=twins):
        for model in foreteller.models:
            states[model.name] = model.fold(states[model.name], one)
    foreteller.foretells.prepare(states)
    return states


def foretell(
    foreteller: Foreteller, states: Mapping[str, Any], test: Iterable[Answers], *, twins: bool = False
) -> Foretold:
    """Foretell each test answer from those before it, which are learned as they come.

    Test learners do not share their answers: models for shared learning stay as they are, and no test learner
    helps another.

    :param twins: hold back the rows that may belong to the same answer as the one that is foretold.
    """
    states = dict(states)
    own = [model for model in foreteller.models if model.purpose is not Purpose.SHARED_MODELS]
    right: list[bool] = []
    chance: list[float] = []
    before: list[int] = []
    sure: list[bool] = []
    for number, learner in enumerate(test):
        name = f"test-{number}"
        starts = possible_twins(learner.skills)
        groups = together(learner) if twins else [range(n, n + 1) for n in range(len(learner.skills))]
        waiting = iter([*groups, range(len(learner.skills), len(learner.skills))])
        group = next(waiting)
        for place, skill in enumerate(learner.skills):
            while group.stop <= (starts[place] if twins else place):
                for model in own:
                    states[model.name] = model.fold(states[model.name], event(name, learner, group))
                group = next(waiting)
            chance.append(foreteller.foretells.foretell(states, name, skill))
            right.append(learner.right[place])
            before.append(place)
            sure.append(starts[place] == place)
        for model in own:
            states[model.name] = model.subtract(states[model.name], name)
    return Foretold(
        np.array(right, dtype=np.float64), np.array(chance), np.array(before), np.array(sure, dtype=np.bool_)
    )
