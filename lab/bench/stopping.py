"""Who stops, foretold by the product's plugins and by what others would use, on the same weeks and people.

Learned from the presentations of 2013 and judged on those of 2014. A week's forecast rests on what an LMS
knows by then; gender, age, region, disability, deprivation and schooling are no input of anybody's.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ...core.catalogue import Catalogue
from ...core.people import Learner
from ...core.plugins import Plugins
from ...core.proposals import Situation
from .. import oulad
from ..oulad import EARLIER, LATER, TENANT, Oulad, Student
from .measure import Measured, measured, microseconds

WEEKS = (0, 4, 8, 12)
HOOK = "stopping_risk"
THREAD = "stifinder-persistence"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """Forecasts of one week.

    :param students: whom they are about.
    :param stopped: 1 for who stopped.
    :param near: whether the student handed in what was due last.
    """

    week: int
    students: tuple[Student, ...]
    stopped: NDArray[np.int64]
    near: NDArray[np.bool_]
    chance: Floats


def people(data: Oulad, presentation: str, week: int) -> tuple[list[Student], NDArray[np.int64]]:
    """Everybody registered by a week while something is still due, and 1 for who stops."""
    day = 7 * week
    found = [
        (s, stops)
        for s in data.of(presentation)
        if s.registered < day and (stops := s.stops(data.due[s.course], day)) is not None
    ]
    return [s for s, _ in found], np.array([stops for _, stops in found], np.int64)


def near(data: Oulad, students: Sequence[Student], week: int) -> NDArray[np.bool_]:
    """Who handed in what was due last before a week; everybody where nothing was due yet."""
    latest: dict[str, str] = {}
    for course, due in data.due.items():
        past = [(day, name) for name, day in due.items() if day < 7 * week]
        if past:
            latest[course] = max(past)[1]

    def handed(student: Student) -> bool:
        name = latest.get(student.course)
        return name is None or (name in student.hand_ins and student.hand_ins[name].day < 7 * week)

    return np.array([handed(s) for s in students], np.bool_)


# --- ours --------------------------------------------------------------------------------------------


def learn(plugins: Plugins, data: Oulad, presentation: str, until: int | None = None) -> dict[str, Any]:
    """The states of the models that the hook uses, after everything that happened in a presentation."""
    asked = {row.name for row in plugins.describe() if HOOK in row.hooks}
    models = [model for plugin, model in plugins.models() if plugin in asked]
    states = {model.name: model.empty() for model in models}
    for student in data.of(presentation):
        for event in oulad.events(student, until):
            for model in models:
                states[model.name] = model.fold(states[model.name], event)
    return states


def situation(
    data: Oulad, student: Student, week: int, states: Mapping[str, Any], catalogue: Catalogue
) -> Situation:
    """The page of a student at the beginning of a week; the models hold what they did."""
    return Situation(
        now=oulad.moment(student.presentation, 7 * week),
        seed=1,
        minutes=60,
        learner=Learner(student.id, TENANT),
        context=oulad.contexts(data)[student.course],
        catalogue=catalogue,
        pool=tuple(a.id for a in catalogue.in_context(student.course)),
        models=states,
    )


def settled() -> None:
    """Wait until what was begun in the background is fitted."""
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join()


def ours(data: Oulad, weeks: Sequence[int] = WEEKS) -> tuple[list[Judged], Measured[float]]:
    """Forecasts as the product makes them: the later courses are joined to the earlier ones, week by week.

    :returns: the forecasts; and what learning and fitting cost, its value the µs of one forecast.
    """

    def cost() -> float:
        plugins = _as_installed()
        states = learn(plugins, data, EARLIER)
        asked = situation(data, data.of(EARLIER)[0], 1, states, data.catalogue())
        for _ in range(2):
            plugins.first(HOOK, situation=asked)
            settled()
        return microseconds(lambda: plugins.first(HOOK, situation=asked), 200)

    plugins, catalogue = _as_installed(), data.catalogue()
    judged = []
    for week in weeks:
        students, stopped = people(data, LATER, week)
        earlier = learn(plugins, data, EARLIER)
        later = learn(plugins, data, LATER, 7 * week)
        models = {model.name: model for _, model in plugins.models()}
        states = {name: models[name].merge(state, later[name]) for name, state in earlier.items()}
        asked = [situation(data, s, week, states, catalogue) for s in students]
        gc.collect()
        gc.freeze()  # as the host does: walking through large states costs more than a hook may take
        for each in _one_a_course(asked):  # first what is fitted to everybody, then each course
            plugins.first(HOOK, situation=each)
            settled()
            plugins.first(HOOK, situation=each)
            settled()
        said = [plugins.first(HOOK, situation=each) for each in asked]
        usual = float(np.mean([each.values[0].probability for each in said if each]))
        chance = np.array([each.values[0].probability if each else usual for each in said])
        judged.append(Judged(week, tuple(students), stopped, near(data, students, week), chance))
    return judged, measured(cost)


def _one_a_course(asked: Sequence[Situation]) -> list[Situation]:
    """One page of each course."""
    return list({each.context.id: each for each in asked}.values())


def _as_installed() -> Plugins:
    """The plugins as the only tenant uses them."""
    return Plugins().of_tenant(TENANT, {})


# --- what others would use ----------------------------------------------------------------------------


def features(data: Oulad, student: Student, week: int, modules: Sequence[str]) -> list[float]:
    """What is known by a week, as numbers; unlike ours these are told when everything is due."""
    day, nan = 7 * week, float("nan")
    due = sorted((when, name) for name, when in data.due[student.course].items())
    known = {name: each for name, each in student.hand_ins.items() if each.day < day}
    past = [(when, name) for when, name in due if when < day]
    missed = [float(name not in known) for _, name in past]
    scores = [known[name].score for _, name in past if name in known]
    told = [score for score in scores if score is not None]
    late = [float(known[name].day - when) for when, name in past if name in known and not known[name].banked]
    days = [each.day for each in known.values() if not each.banked]
    module = student.course.partition("-")[0]
    return [
        float(len(past)),
        sum(missed),
        missed[-1] if missed else 0.0,
        missed[-2] if len(missed) > 1 else 0.0,
        float(len(known) - len(past) + sum(missed)),
        float(np.mean(told)) if told else nan,
        told[-1] if told else nan,
        float(np.mean(late)) if late else nan,
        late[-1] if late else nan,
        float(day - max(days)) if days else nan,
        float(student.registered),
        float(student.attempts),
        *(float(module == each) for each in modules),
    ]


def filled(values: Floats, means: Floats) -> Floats:
    """For methods that take no gaps: the mean in its place, and a column that says so."""
    gaps = np.isnan(values)
    return np.hstack([np.where(gaps, means, values), gaps[:, ~np.isnan(means)].astype(np.float64)])


Method = Callable[[Floats, NDArray[np.int64], Floats], Floats]
"""From training features, who stopped, and features to judge by, to chances."""


def logistic(values: Floats, stopped: NDArray[np.int64], asked: Floats) -> Floats:
    """A plain logistic regression, a model of its own for each week."""
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(0)
    means = np.where(known.any(0), sums / np.maximum(1, known.sum(0)), 0.0)
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(
        filled(values, means), stopped
    )
    chance: Floats = fitted.predict_proba(filled(asked, means))[:, 1]
    return chance


def boosting(values: Floats, stopped: NDArray[np.int64], asked: Floats) -> Floats:
    """Gradient boosting, small and slow enough not to learn the training students by heart."""
    told = ~np.isnan(values).all(0)
    fitted = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=100, max_leaf_nodes=8, min_samples_leaf=50, random_state=1
    ).fit(values[:, told], stopped)
    chance: Floats = fitted.predict_proba(asked[:, told])[:, 1]
    return chance


PEERS: Mapping[str, Method] = {"logistic regression": logistic, "gradient boosting (scikit-learn)": boosting}


def peers(data: Oulad, method: Method, weeks: Sequence[int] = WEEKS) -> tuple[list[Judged], Measured[None]]:
    """Forecasts of a method that is fitted for each week; and what fitting the last week cost."""
    modules = sorted({course.partition("-")[0] for course in data.due})
    judged: list[Judged] = []

    def table(presentation: str, week: int) -> tuple[list[Student], NDArray[np.int64], Floats]:
        students, stopped = people(data, presentation, week)
        return students, stopped, np.array([features(data, s, week, modules) for s in students])

    for week in weeks:
        _, stopped, values = table(EARLIER, week)
        students, truth, asked = table(LATER, week)
        chance = method(values, stopped, asked)
        judged.append(Judged(week, tuple(students), truth, near(data, students, week), chance))

    def cost() -> None:
        method(values, stopped, asked)

    return judged, measured(cost)
