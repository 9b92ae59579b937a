"""What the knowledge suite compares with: Elo, a logistic regression on counts, boosted trees, and BKT.

Each learns from the training file alone and foretells each test answer from those before it, as ours does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ..knowledge_tracing import Answers

Floats = NDArray[np.float64]
FEATURES = 17


def elo(train: Sequence[Answers], test: Sequence[Answers], step: float = 1.0, fade: float = 0.05) -> Floats:
    """Elo rating of learners and skills (Pelánek, 2016).

    The chance is the logistic of ability minus difficulty; either moves by ``step / (1 + fade n)`` times the
    surprise, ``n`` being its answers so far. Test learners start anew and leave the skills as they are.
    """
    hard: dict[str, float] = {}
    times: dict[str, int] = {}
    chances = []
    for learners, learning in ((train, True), (test, False)):
        for learner in learners:
            able = 0.0
            for place, (skill, right) in enumerate(zip(learner.skills, learner.right, strict=True)):
                chance = 1 / (1 + np.exp(hard.get(skill, 0.0) - able))
                surprise = right - chance
                able += step / (1 + fade * place) * surprise
                if learning:
                    n = times[skill] = times.get(skill, -1) + 1
                    hard[skill] = hard.get(skill, 0.0) - step / (1 + fade * n) * surprise
                else:
                    chances.append(chance)
    return np.array(chances)


def skill_logits(train: Sequence[Answers]) -> dict[str, float]:
    """Logit of what everybody gets on each skill, drawn to the mean as by ten answers."""
    sums: dict[str, list[int]] = {}
    for learner in train:
        for skill, right in zip(learner.skills, learner.right, strict=True):
            pair = sums.setdefault(skill, [0, 0])
            pair[0] += right
            pair[1] += 1
    usual = sum(r for r, _ in sums.values()) / sum(n for _, n in sums.values())
    shares = {skill: (r + 10 * usual) / (n + 10) for skill, (r, n) in sums.items()}
    return {skill: float(np.log(share / (1 - share))) for skill, share in shares.items()}


def features(learners: Sequence[Answers], logits: dict[str, float]) -> tuple[Floats, Floats]:
    """Counts and recent answers before each answer, [answer, FEATURES], and whether it was right.

    The skill's logit; right and wrong on it and overall; the last five answers overall and the last three on
    the skill; the numbers of this skill and of the last two; the last one's logit. What is not there is NaN.
    """
    found, marks = [], []
    known = sorted({*logits, *(skill for learner in learners for skill in learner.skills)})
    numbers = {skill: float(place) for place, skill in enumerate(known)}
    for learner in learners:
        counts: dict[str, list[int]] = {}
        recent: dict[str, list[float]] = {}
        latest: list[float] = []
        total = 0
        last = np.nan
        passed = [np.nan, np.nan]
        for skill, right in zip(learner.skills, learner.right, strict=True):
            mine = counts.setdefault(skill, [0, 0])
            own = recent.setdefault(skill, [])
            logit = logits.get(skill, 0.0)
            found.append(
                [
                    logit,
                    mine[0],
                    mine[1],
                    total,
                    len(latest) - total,
                    *([np.nan] * 5 + latest)[-5:],
                    *([np.nan] * 3 + own)[-3:],
                    numbers[skill],
                    *passed[-2:],
                    last,
                ]
            )
            marks.append(right)
            mine[0 if right else 1] += 1
            own.append(float(right))
            latest.append(float(right))
            total += right
            last = logit
            passed.append(numbers[skill])
    return np.array(found), np.array(marks, dtype=np.float64)


def logistic(train: Sequence[Answers], test: Sequence[Answers]) -> Floats:
    """Performance factors (Pavlik, Cen and Koedinger, 2009) with one slope for all skills.

    Logistic in the skill's logit and the logarithms of 1 + right and 1 + wrong answers, on it and overall.
    """
    logits = skill_logits(train)
    seen, marks = features(train, logits)
    asked, _ = features(test, logits)

    def chosen(rows: Floats) -> Floats:
        return np.column_stack([rows[:, 0], np.log1p(rows[:, 1:5])])

    scale = StandardScaler().fit(chosen(seen))
    model = LogisticRegression(max_iter=500).fit(scale.transform(chosen(seen)), marks)
    found: Floats = model.predict_proba(scale.transform(chosen(asked)))[:, 1]
    return found


def boosted(train: Sequence[Answers], test: Sequence[Answers]) -> Floats:
    """scikit-learn's histogram gradient boosting on ``features``."""
    logits = skill_logits(train)
    seen, marks = features(train, logits)
    asked, _ = features(test, logits)
    model = HistGradientBoostingClassifier(
        max_iter=300, learning_rate=0.08, min_samples_leaf=50, random_state=1
    )
    found: Floats = model.fit(seen, marks).predict_proba(asked)[:, 1]
    return found


def bkt(train: Sequence[Answers], test: Sequence[Answers]) -> Floats:
    """Bayesian knowledge tracing by pyBKT, one model a skill, one start of its EM each."""
    pandas = importlib.import_module("pandas")  # comes with pyBKT

    def table(learners: Sequence[Answers], prefix: str) -> Any:
        rows = [
            (f"{prefix}-{number}", skill, int(right), place)
            for number, learner in enumerate(learners)
            for place, (skill, right) in enumerate(zip(learner.skills, learner.right, strict=True))
        ]
        frame = pandas.DataFrame(rows, columns=["user_id", "skill_name", "correct", "order_id"])
        frame["row"] = range(len(frame))
        return frame

    fitted = importlib.import_module("pyBKT.models").Model(seed=1, num_fits=1, parallel=False)
    fitted.fit(data=table(train, "train"))
    asked = fitted.predict(data=table(test, "test")).sort_values("row")
    found: Floats = asked["correct_predictions"].to_numpy(dtype=np.float64)
    return found


WITH_US: dict[str, Callable[[Sequence[Answers], Sequence[Answers]], Floats]] = {
    "Elo": elo,
    "logistic on counts (PFA)": logistic,
    "gradient boosting on counts and recent answers": boosted,
}
"""Methods that need no further package."""
