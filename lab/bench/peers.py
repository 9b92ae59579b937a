"""Suite ``peers``: what proposing people to each other brings, against chance and greed; teams too.

Simulated courses: everybody has a true ability in each skill and has answered some tasks; what is known of
them is estimated from these by the installed mastery strategy. Each is proposed at most one person, under
everybody's own limit. The gain is what is true, not what was estimated: how much better the asked is in the
three skills in which the estimates see most to gain, and half of that the other way round. All methods see
the same estimates. Everybody is asked through the hook, as their page does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from ...core import engine
from ...core.catalogue import Activity, Catalogue, SkillLevel
from ...core.evidence import Event, EventKind, Mastery
from ...core.people import Context, Learner, Profile
from ...core.plugins import Plugins
from ...core.proposals import Peer, Situation
from ..histories import START
from ..patience import Patient
from .suite import Options, Row

TENANT = "tenant-1"
CONTEXT = Context("course-1", TENANT, "Course")
SKILLS = 8
SIZES = ((30, 20), (100, 10))
"""(people, how many such courses); of more than 100 each part is matched for itself."""
STRONG = 0.6
"""A low end from which somebody counts as strong in a skill."""
ALONE, BUSY = 0.2, 0.2
"""Shares of people who like to work alone, and who agree to be proposed to one person only."""
USUAL = 2
NAMED = 3
"""Skills that a proposal names."""
Asked = list[int]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """A simulated course.

    :param ability: (people, skills) true chance of doing a task of medium difficulty.
    :param known: what the mastery strategy makes of each one's answers.
    """

    ability: Floats
    known: list[dict[str, Mastery]]
    profiles: list[Profile]

    @property
    def limits(self) -> list[int]:
        """To how many each may be proposed."""
        return [0 if p.solo else USUAL if p.helps is None else p.helps for p in self.profiles]


def catalogue() -> Catalogue:
    """One activity a skill."""
    made = tuple(
        Activity(
            f"a-{n}", TENANT, f"a-{n}", f"Task {n}", skills=(SkillLevel(f"s-{n}"),), context_ids=(CONTEXT.id,)
        )
        for n in range(SKILLS)
    )
    return Catalogue(TENANT, "peers", made)


def simulated(people: int, plugins: Plugins, seed: int) -> Course:
    """A course: abilities differ by person and by skill, 5 to 15 answers on most skills."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 0.7, (people, 1)) + chance.normal(0, 1.2, (people, SKILLS))
    ability = 1 / (1 + np.exp(-logits))
    models = {m.name: m for _, m in plugins.models() if m.name in ("mastery", "skill-norms", "knowledge")}
    states = {name: model.empty() for name, model in models.items()}
    for n in range(people):
        for skill in range(SKILLS):
            for answer in range(int(chance.integers(5, 16)) if chance.random() < 0.85 else 0):
                event = Event(
                    f"e-{n}-{skill}-{answer}",
                    TENANT,
                    f"learner-{n}",
                    EventKind.ANSWERED,
                    START + timedelta(minutes=20 * skill + answer),
                    activity_id=f"a-{skill}",
                    skills=(f"s-{skill}",),
                    success=bool(chance.random() < ability[n, skill]),
                )
                for name, model in models.items():
                    states[name] = model.fold(states[name], event)
    profiles = [
        Profile(solo=True) if draw < ALONE else Profile(helps=1) if draw < ALONE + BUSY else Profile()
        for draw in chance.random(people)
    ]
    there = catalogue()
    known = []
    for n in range(people):
        asked = _situation(there, n, Profile(), {}, models=states)
        estimated = plugins.first("estimate_mastery", situation=asked)
        known.append({m.skill_id: m for m in estimated.values} if estimated else {})
    return Course(ability, known, profiles)


def _situation(
    there: Catalogue, n: int, profile: Profile, known: Mapping[str, Mastery], **more: object
) -> Situation:
    return Situation(
        now=START + timedelta(days=1),
        seed=1,
        minutes=20,
        learner=Learner(f"learner-{n}", TENANT, profile=profile),
        context=CONTEXT,
        catalogue=there,
        pool=tuple(a.id for a in there),
        mastery=known,
        **more,  # type: ignore[arg-type]
    )


def value(course: Course) -> tuple[Floats, Floats]:
    """(asker, asked): what is gained by the estimates, and what is gained in truth."""
    ends = np.full((3, len(course.known), SKILLS), np.nan)
    for n, known in enumerate(course.known):
        for skill in range(SKILLS):
            if (m := known.get(f"s-{skill}")) and m.answers:
                ends[:, n, skill] = m.mean, m.low, m.high
    mean, low, high = ends
    likely = low[:, None] > high[None, :]
    seen = np.where(likely, mean[:, None] - mean[None, :], 0.0)
    named = likely & (seen >= np.sort(seen, axis=2)[:, :, [-NAMED]])
    true = (named * (course.ability[:, None] - course.ability[None, :])).sum(axis=2)
    gives = (named * seen).sum(axis=2)
    possible = (gives.T > 0) & np.array([not p.solo for p in course.profiles])[:, None]
    return np.where(possible, gives.T + 0.5 * gives, 0.0), np.where(possible, true.T + 0.5 * true, 0.0)


def ours(course: Course, plugins: Plugins) -> tuple[Asked, list[float]]:
    """Whom each is proposed, through the hook; and the seconds of each call."""
    there = catalogue()
    refs = [f"peer-{n:04}" for n in range(len(course.known))]
    everybody = [
        Peer(ref, known, p.solo, p.helps)
        for ref, known, p in zip(refs, course.known, course.profiles, strict=True)
    ]
    asked, costs = [], []
    for n, me in enumerate(everybody):
        situation = _situation(
            there,
            n,
            course.profiles[n],
            me.mastery,
            peers=tuple(p for p in everybody if p is not me),
            own_ref=me.ref,
        )
        started = time.perf_counter()
        found = engine.matches(situation, plugins)
        costs.append(time.perf_counter() - started)
        first = found[0] if found and found[0].gives and not course.profiles[n].solo else None
        asked.append(refs.index(first.ref) if first else -1)
    return asked, costs


def each_best(course: Course, _chance: np.random.Generator) -> Asked:
    """Everybody is proposed the best for them, whoever else is: no limit is kept."""
    seen, _ = value(course)
    return [int(row.argmax()) if row.any() else -1 for row in seen]


def greedy(course: Course, _chance: np.random.Generator) -> Asked:
    """The most valuable pair first, under the limits."""
    seen, _ = value(course)
    left, found = list(course.limits), [-1] * len(seen)
    for place in np.argsort(-seen, axis=None, kind="stable").tolist():
        asker, asked = divmod(place, len(seen))
        if seen[asker, asked] > 0 and found[asker] < 0 and left[asked] > 0:
            found[asker] = asked
            left[asked] -= 1
    return found


def by_chance(course: Course, chance: np.random.Generator) -> Asked:
    """Anybody with something to give, drawn, under the limits."""
    seen, _ = value(course)
    left, found = list(course.limits), [-1] * len(seen)
    for asker in chance.permutation(len(seen)).tolist():
        able = [n for n in range(len(seen)) if seen[asker, n] > 0 and left[n] > 0]
        if able:
            found[asker] = int(chance.choice(able))
            left[found[asker]] -= 1
    return found


def _over(course: Course, asked: Asked) -> int:
    """How many more times than agreed the most overrun person is proposed."""
    counts = np.bincount([n for n in asked if n >= 0], minlength=len(asked))
    return int((counts - np.array(course.limits)).max())


def run(options: Options) -> list[Row]:
    """Gain a person, people proposed too often, and cost."""
    plugins = Plugins(isolation=Patient())
    rows = []
    for people, times in SIZES:
        options.say(f"{people} people")
        data = f"simulated course of {people}"
        figures: dict[str, list[tuple[float, float, int]]] = {}
        costs: list[float] = []
        for number in range(times):
            course = simulated(people, plugins, options.seed + number)
            chance = np.random.default_rng(options.seed + number)
            found, spent = ours(course, plugins)
            costs += spent
            answers = {"as served": found}
            if options.peers:
                answers |= {name: method(course, chance) for name, method in OTHERS.items()}
            _, true = value(course)
            for name, asked in answers.items():
                gain = sum(float(true[n, other]) for n, other in enumerate(asked) if other >= 0) / people
                reached = sum(other >= 0 for other in asked) / people
                figures.setdefault(name, []).append((gain, reached, max(0, _over(course, asked))))
        for name, found_figures in figures.items():
            rows += _rows(data, name, found_figures)
        rows.append(
            Row(data, "one learner's proposals (ms)", "as served", True, 1000 * float(np.median(costs)))
        )
        rows += teams(people, plugins, options, min(times, 10))
    return rows


def teams(people: int, plugins: Plugins, options: Options, times: int) -> list[Row]:
    """How good teams of four are: skills covered on average and in the worst team, less the spread."""
    figures: dict[str, list[float]] = {"as served": [], "drawn by chance": [], "bound that none can pass": []}
    for number in range(times):
        course = simulated(people, plugins, options.seed + number)
        low = np.array(
            [
                [k[s].low if (s := f"s-{n}") in k and k[s].answers else 0.0 for n in range(SKILLS)]
                for k in course.known
            ]
        )
        refs = {f"peer-{n}": n for n in range(people)}
        peers = tuple(Peer(ref, course.known[n]) for ref, n in refs.items())
        formed = engine.teams(_situation(catalogue(), 0, Profile(), {}, peers=peers), 4, plugins)
        figures["as served"].append(_quality(low, [[refs[r] for r in team.refs] for team in formed]))
        order = np.random.default_rng(options.seed + number).permutation(people)
        figures["drawn by chance"].append(
            _quality(low, [part.tolist() for part in np.array_split(order, len(formed))])
        )
        strong = (low >= STRONG).sum(axis=0)
        figures["bound that none can pass"].append(float(np.minimum(1, strong / len(formed)).mean()))
    return [
        Row(
            f"simulated course of {people}",
            "quality of teams of four",
            name,
            name == "as served",
            float(np.mean(all_of)),
        )
        for name, all_of in figures.items()
    ]


def _quality(low: Floats, made: Sequence[Sequence[int]]) -> float:
    shares = [float((low[list(team)] >= STRONG).any(axis=0).mean()) for team in made]
    means = [float(low[list(team)].mean()) for team in made]
    return (float(np.mean(shares)) + min(shares)) / 2 - 0.5 * (max(means) - min(means))


def _rows(data: str, name: str, figures: Sequence[tuple[float, float, int]]) -> list[Row]:
    gain, reached, over = (np.array(values, dtype=float) for values in zip(*figures, strict=True))
    half = 1.96 * float(gain.std(ddof=1)) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
    mine = name == "as served"
    said = f"measured here, mean of {len(gain)} courses; 95 % interval ± {half:.3f}"
    return [
        Row(data, "true gain a person", name, mine, float(gain.mean()), source=said),
        Row(data, "share who are proposed somebody", name, mine, float(reached.mean())),
        Row(data, "proposals of one person beyond what was agreed (most)", name, mine, float(over.max())),
    ]


OTHERS: Mapping[str, Callable[[Course, np.random.Generator], Asked]] = {
    "greedy, best pair first": greedy,
    "drawn among those who could help": by_chance,
    "the best for each, no limit": each_best,
}
