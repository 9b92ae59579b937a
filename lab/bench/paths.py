"""Paths: time to mastery on simulated learners, deadlines, what a plan costs, inferred prerequisites.

Learners and courses are those of ``simulated_course``; settings of the planner were chosen on other ones
(seed 100). Every learner walks a course of their own, once each way. "Fixed course order" does the course
as it stands, and again from its beginning until the goal is mastered in truth; the harder comparison mends
what went badly instead of beginning again. Final mastery is the probability of a right answer on the goal's
skills when a way says it is finished: the course order at its end, the planner when its plan is empty.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core import engine
from ...core.catalogue import Activity
from ...core.learned import LearnedModel
from ...core.people import Depth
from ...core.plans import goal
from ...core.plugins import Plugins
from .. import histories
from ..patience import Patient
from . import deadlines, path_arms, simulated_course
from .suite import NoData, Options, Row, public

Floats = NDArray[np.float64]

LEARNERS = 120
PLANS = 60
BOOTSTRAP = 2000
FIXED = "fixed course order"


def run(options: Options) -> list[Row]:
    """All rows."""
    plugins = Plugins(isolation=Patient())
    rows = []
    for name, part in (
        ("simulated learners, whole course", False),
        ("simulated learners, two skills of it", True),
    ):
        options.say(name)
        rows += _walked(name, part, plugins, options)
    options.say("what fits before a deadline")
    rows += deadlines.rows(options)
    options.say("what a plan costs")
    rows += _cost()
    options.say("inferred prerequisites")
    rows += _from_results(options)
    try:
        rows += _from_texts()
    except NoData as error:
        options.say(str(error))
    return rows


# --- time to mastery --------------------------------------------------------------------------------


def _walked(data: str, part: bool, plugins: Plugins, options: Options) -> list[Row]:
    ways: dict[str, Callable[[int, Sequence[str]], path_arms.Choose]] = {
        FIXED: lambda _n, _w: path_arms.fixed(),
        f"{FIXED}, then mending": lambda _n, _w: path_arms.fixed(),
        "random": lambda n, _w: path_arms.at_random(n),
        "lowest estimate first": lambda _n, _w: path_arms.by_need(plugins),
        "planner, as served": lambda _n, wanted: path_arms.planned(plugins, wanted, Depth.UNDERSTAND),
    }
    if not options.peers:
        ways = {name: way for name, way in ways.items() if name == FIXED or name.startswith("planner")}
    walked: dict[str, list[path_arms.Walked]] = {}
    seconds: dict[str, float] = {}
    priors, speeds = [], []
    for name, way in ways.items():
        started = time.perf_counter()
        found = []
        for number in range(LEARNERS):
            made = simulated_course.course(np.random.default_rng([options.seed, number, 7]))
            skills = list(made.builds_on)
            wanted = skills[-4:-2] if part else skills
            who = simulated_course.person(number, made, options.seed)
            if name == FIXED:
                priors.append(who.prior)
                speeds.append(who.speed)
            rest = path_arms.in_order_again if name == FIXED else path_arms.mended
            found.append(path_arms.walk(who, way(number, wanted), wanted, rest))
        walked[name], seconds[name] = found, time.perf_counter() - started
    return _compared(data, walked, seconds, priors, np.array(speeds), options)


def _compared(
    data: str,
    walked: dict[str, list[path_arms.Walked]],
    seconds: dict[str, float],
    priors: list[str],
    speeds: Floats,
    options: Options,
) -> list[Row]:
    rows = []
    fixed = np.array([w.minutes for w in walked[FIXED]])
    by_speed = np.array_split(np.argsort(speeds, kind="stable"), 10)
    by_time = np.array_split(np.argsort(fixed, kind="stable"), 10)
    for name, ways in walked.items():
        ours = name.startswith("planner")
        minutes = np.array([w.minutes for w in ways])

        def row(
            metric: str,
            value: float,
            of: str = data,
            name: str = name,
            ours: bool = ours,
            took: float | None = None,
        ) -> Row:
            return Row(of, metric, name, ours, round(float(value), 4), took)

        rows.append(row("time to mastery (min, mean)", minutes.mean(), took=seconds[name]))
        rows.append(row("mastered within three times the course", float(np.mean([w.reached for w in ways]))))
        rows.append(row("final mastery", float(np.mean([w.at_end for w in ways]))))
        if name == FIXED:
            continue
        low, high = interval(minutes, fixed, options.seed)
        rows.append(row("time saved", 1 - minutes.mean() / fixed.mean()))
        rows.append(row("time saved, 95 % from", low))
        rows.append(row("time saved, 95 % to", high))
        rows.append(row("worst decile by speed (time against fixed)", _worst(minutes, fixed, by_speed)))
        rows.append(
            row("worst decile by time in fixed order (time against fixed)", _worst(minutes, fixed, by_time))
        )
        for prior in simulated_course.PRIORS:
            group = np.array([p == prior for p in priors])
            rows.append(
                row("time saved", 1 - minutes[group].mean() / fixed[group].mean(), f"{data}, {prior}")
            )
    return rows


def _worst(minutes: Floats, fixed: Floats, groups: Sequence[NDArray[np.intp]]) -> float:
    """The group that fares worst; who had mastered it all before the start needs no time either way."""
    means = [(float(minutes[g].mean()), float(fixed[g].mean())) for g in groups]
    return max(ours / theirs for ours, theirs in means if theirs > 0)


def interval(minutes: Floats, fixed: Floats, seed: int) -> tuple[float, float]:
    """A 95 % interval of the time saved, by drawing learners anew (percentile bootstrap)."""
    drawn = np.random.default_rng(seed).integers(0, len(fixed), (BOOTSTRAP, len(fixed)))
    saved = 1 - minutes[drawn].mean(axis=1) / fixed[drawn].mean(axis=1)
    low, high = np.quantile(saved, [0.025, 0.975])
    return float(low), float(high)


# --- cost -------------------------------------------------------------------------------------------


def _cost() -> list[Row]:
    """Plans of 500 activities towards 34 of 100 skills, after 60 events; every other with a deadline."""
    plugins = Plugins()
    world = histories.world(activities=500, learners=PLANS, per_learner=60)
    events = list(world.events())
    wanted = goal([f"skill-{n}" for n in range(0, 100, 3)], Depth.UNDERSTAND, 30)
    costs: list[float] = []
    for learner in world.learners:
        situation = histories.situation(world.catalogue, learner, events)
        situation = engine.estimate(situation, plugins)
        in_a_month = (situation.now + timedelta(days=30)).date()
        aimed = replace(wanted, deadline=in_a_month) if len(costs) % 2 else wanted
        started = time.perf_counter()
        found = plugins.first("plan_path", situation=situation, goal=aimed)
        if found is not None:
            costs.append((time.perf_counter() - started) * 1000)
    data = "500 activities"
    return [
        Row(data, "plan (ms, median)", "planner, as served", True, round(statistics.median(costs), 2)),
        Row(
            data,
            "plan (ms, 95th percentile)",
            "planner, as served",
            True,
            round(float(np.quantile(costs, 0.95)), 2),
        ),
        Row(data, "plans made", "planner, as served", True, len(costs) / PLANS),
    ]


# --- prerequisites ----------------------------------------------------------------------------------


def precision_at_recall(
    scores: Sequence[float], truth: Sequence[bool], recall: float, seed: int = 0
) -> float:
    """Precision among the highest scores that hold this share of what is true; ties are broken by chance."""
    chance = np.random.default_rng(seed).permutation(len(scores))
    order = chance[np.argsort(-np.array(scores)[chance], kind="stable")]
    found = np.cumsum(np.array(truth, dtype=int)[order])
    place = int(np.searchsorted(found, recall * found[-1]))
    return float(found[place] / (place + 1))


def _plugin() -> Any:
    """The plugin of prerequisites, found as the plugin manager finds it."""
    (entry,) = entry_points(group="stifinder.plugins", name="prerequisites")
    return entry.load()


def _from_texts() -> list[Row]:
    """All ordered pairs of modules of one course: does the first come before the second in the lesson?

    Every second course (by id) was used to choose how texts are compared; the others are what counts.
    """
    courses: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in public("catalogue", "carpentries.jsonl").read_text(encoding="utf-8").splitlines():
        module = json.loads(line)
        courses[module["course_id"]].append(module)
    plugin = _plugin()
    chance = np.random.default_rng(1)
    scores: dict[str, list[float]] = defaultdict(list)
    truth: list[bool] = []
    started = time.perf_counter()
    for name in sorted(courses)[1::2]:
        modules = courses[name]
        activities = [Activity(m["id"], "t", m["id"], m["title"], m["text"]) for m in modules]
        before = plugin.text_order(activities)
        for one, two in itertools.permutations(range(len(modules)), 2):
            truth.append(modules[one]["position"] < modules[two]["position"])
            scores["inferred from texts"].append(float(before[one, two]))
            scores["alphabetical"].append(float(modules[one]["title"] < modules[two]["title"]))
            scores["random"].append(float(chance.random()))
    took = time.perf_counter() - started
    data = "Carpentries, 12 courses not used for choosing"
    return [
        Row(
            data,
            "precision at recall 0.5 of the order of pairs",
            name,
            name.startswith("inferred"),
            round(precision_at_recall(found, truth, 0.5), 4),
            took if name.startswith("inferred") else None,
        )
        for name, found in scores.items()
    ]


def _from_results(options: Options) -> list[Row]:
    """300 learners walk one simulated course in an order of their own: are its prerequisites found again?"""
    plugin = _plugin()
    made = simulated_course.course(np.random.default_rng([options.seed, 99]))
    (model,) = plugin.learned_models()
    started = time.perf_counter()
    state = _learned(model, made, options.seed)
    took = time.perf_counter() - started
    skills = list(made.builds_on)
    chance = np.random.default_rng(options.seed)
    situation = histories.situation(made.catalogue, models={model.name: state})
    found = plugin.inferred(situation)
    pairs = list(itertools.permutations(skills, 2))
    above = {s: _above(s, made.builds_on) for s in skills}
    truth = [one in above[two] for one, two in pairs]
    scores = {
        "inferred from order and results": [found.get(two, {}).get(one, 0.0) for one, two in pairs],
        "random": chance.random(len(pairs)).tolist(),
    }
    data = "simulated learners, order of their own"
    return [
        Row(
            data,
            "precision at recall 0.5 of what comes before, directly or not",
            name,
            name.startswith("inferred"),
            round(precision_at_recall(values, truth, 0.5), 4),
            took if name.startswith("inferred") else None,
        )
        for name, values in scores.items()
    ]


def _learned(model: LearnedModel, made: simulated_course.Course, seed: int) -> Any:
    state = model.empty()
    for number in range(300):
        who = simulated_course.person(number, made, seed + 1)
        choose = path_arms.at_random(number)
        while who.minutes < made.minutes and (chosen := choose(who)):
            if isinstance(chosen, Activity):
                who.do(chosen)
        for event in who.events:
            state = model.fold(state, replace(event, learner_id=f"learner-{number}"))
    return state


def _above(skill: str, builds_on: dict[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    walk = list(builds_on[skill])
    while walk:
        need = walk.pop()
        if need not in found:
            found.add(need)
            walk += builds_on[need]
    return found
