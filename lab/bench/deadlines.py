"""How many goals a plan reaches by a deadline, against the optimum (CP-SAT, if OR-tools is there).

Thirty random sets of twelve goals over forty shared skills, with room for a third to a half of the whole
work. The planner is asked as production asks it; goals count whose skills, and all that they build on, are
done in time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ...core import engine
from ...core.catalogue import Activity, Catalogue, Skill, SkillLevel
from ...core.people import Context, Learner
from ...core.plans import goal
from ...core.plugins import Plugins
from ...core.proposals import Situation
from ..patience import Patient
from .suite import Options, Row, absent, peer

NOW = datetime(2026, 1, 5, 0, tzinfo=UTC)
SETS = 30
A_DAY = 480
DATA = "12 goals over 40 skills, time for some"
METRIC = "goals reached by the deadline (mean)"


def rows(options: Options) -> list[Row]:
    """Ours, and the optimum."""
    plugins = Plugins(isolation=Patient())
    solver = peer("ortools.sat.python.cp_model") if options.peers else None
    ours, best, took, solving = [], [], 0.0, 0.0
    for number in range(SETS):
        catalogue, needs, goals, days = _made(np.random.default_rng([options.seed, number]))
        started = time.perf_counter()
        ours.append(_planned(catalogue, needs, goals, days, plugins))
        took += time.perf_counter() - started
        if solver:
            started = time.perf_counter()
            best.append(_optimum(solver, catalogue, needs, goals, days * A_DAY))
            solving += time.perf_counter() - started
    found = [Row(DATA, METRIC, "planner, as served", True, round(float(np.mean(ours)), 3), took / SETS)]
    if solver:
        found.append(
            Row(DATA, METRIC, "optimum (CP-SAT)", False, round(float(np.mean(best)), 3), solving / SETS)
        )
    elif options.peers:
        found.append(absent(DATA, METRIC, "optimum (CP-SAT)", "ortools"))
    return found


def _made(chance: np.random.Generator) -> tuple[Catalogue, dict[str, list[str]], list[str], int]:
    """A catalogue with a lesson of up to two hours a skill, what skills build on, goals, days there are."""
    names = [f"skill-{n:02}" for n in range(40)]
    needs: dict[str, list[str]] = {}
    activities = []
    for number, name in enumerate(names):
        count = int(chance.integers(0, 4)) if number else 0
        below = chance.choice(names[:number], min(number, count), replace=False).tolist() if number else []
        needs[name] = sorted(below)
        activities.append(
            Activity(
                f"a-{name}",
                "t",
                f"a-{name}",
                name,
                minutes=int(chance.integers(10, 121)),
                skills=(SkillLevel(name),),
                prerequisites=tuple(f"a-{need}" for need in needs[name]),
                position=number,
            )
        )
    goals = sorted(chance.choice(names, 12, replace=False).tolist())
    wanted = set().union(*(_closure(g, needs) for g in goals))
    whole = sum(a.minutes for a in activities if a.title in wanted)
    days = max(1, int(whole * chance.uniform(0.33, 0.5)) // A_DAY)
    return Catalogue("t", "1", tuple(activities), {n: Skill(n, "t", n) for n in names}), needs, goals, days


def _closure(skill: str, needs: dict[str, list[str]]) -> set[str]:
    return {skill}.union(*(_closure(need, needs) for need in needs[skill]))


def _planned(
    catalogue: Catalogue, needs: dict[str, list[str]], goals: list[str], days: int, plugins: Plugins
) -> int:
    situation = Situation(
        now=NOW,
        seed=1,
        minutes=A_DAY,
        learner=Learner("learner-1", "t"),
        context=Context("c", "t", "Course"),
        catalogue=catalogue,
        pool=tuple(a.id for a in catalogue),
    )
    deadline = (NOW + timedelta(days=days - 1)).date()
    plan = engine.plan(situation, goal(goals, minutes_a_day=A_DAY, deadline=deadline), plugins)
    if plan is None:
        return 0
    done = {step.activity_id for step in plan.steps if not step.late}
    return sum(all(f"a-{s}" in done for s in _closure(g, needs)) for g in goals)


def _optimum(
    solver: Any, catalogue: Catalogue, needs: dict[str, list[str]], goals: list[str], room: int
) -> int:
    model = solver.CpModel()
    chosen = {a.title: model.new_bool_var(a.title) for a in catalogue}
    for skill, below in needs.items():
        for need in below:
            model.add_implication(chosen[skill], chosen[need])
    model.add(sum(chosen[a.title] * a.minutes for a in catalogue) <= room)
    model.maximize(sum(chosen[g] for g in goals))
    solving = solver.CpSolver()
    solving.parameters.num_workers = 1
    solving.parameters.max_time_in_seconds = 10
    solving.solve(model)
    found: int = round(solving.objective_value)
    return found
