"""Suite ``new-content``: a module that nobody has done, known by its text; is it found for its course?

A learner has done the first modules of a course. The next one is new: it is in nobody's history, and of its
course, place and key nothing is told. Ranked is everything the learner has not done. How texts are weighed
was chosen on every third course by name; what is reported are the other sixteen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import normalize

from ...core import engine
from ...core.catalogue import Activity, Catalogue
from ...core.evidence import Event, EventKind
from ...core.people import Context, Learner
from ...core.plugins import Plugins
from ...core.proposals import Situation
from ..histories import START
from ..patience import Patient
from .carpentries import NAME, TENANT, Courses, courses
from .measure import measured
from .served import settled
from .suite import Options, Row

OTHERS = 3
"""Learners a course has beside the one who is asked for."""
MINUTES = 120
NEW = "new-module"
Scores = Callable[[Sequence[int]], NDArray[np.float64]]
"""From the places of what was done, newest last, to a score for every module."""


@dataclass(frozen=True)
class Case:
    """One learner before one new module.

    :param number: how many modules of the course were done.
    """

    course: str
    number: int


def reported(found: Courses) -> list[str]:
    """The courses by which methods are judged: those whose texts chose nothing."""
    names = sorted(found.modules)
    return [name for place, name in enumerate(names) if place % 3]


def cases(found: Courses) -> list[Case]:
    """Every course that is judged, before each of its modules but the first."""
    return [Case(c, n) for c in reported(found) for n in range(1, len(found.modules[c]))]


def run(options: Options) -> list[Row]:
    """Hit rate, NDCG and MRR of ours and of the usual, one row each."""
    found = courses()
    names: dict[str, tuple[bool, Callable[[], list[float]]]] = {
        "as served": (True, lambda: served(found, Plugins(isolation=Patient()))),
        "content alone": (True, lambda: served(found, only_content())),
    }
    if options.peers:
        texts = [f"{a.title} {a.text}" for c in sorted(found.modules) for a in found.modules[c]]
        names |= {
            "TF-IDF (words) of the last module": (False, lambda: ranks(found, tf_idf(texts))),
            "TF-IDF (words) of the last eight": (False, lambda: ranks(found, tf_idf_of_eight(texts))),
            "LSA (100 topics) of the last module": (False, lambda: ranks(found, lsa(texts))),
            "BM25, last module as the query": (False, lambda: ranks(found, bm25(texts))),
            "popularity": (False, lambda: popularity(found)),
            "random": (False, lambda: chance(found, options.seed)),
        }
    rows = []
    for name, (ours, method) in names.items():
        options.say(name)
        result = measured(method)
        places = np.array(result.value)
        gain = np.where(places <= 10, 1 / np.log2(1 + places), 0)
        half = 1.96 * float(gain.std(ddof=1)) / np.sqrt(len(gain))
        for metric, value in (
            ("NDCG@10", float(gain.mean())),
            ("hit rate@10", float((places <= 10).mean())),
            ("MRR", float((1 / places).mean())),
        ):
            said = f"measured here, {len(places)} new modules of 16 courses"
            said += f"; 95 % interval ± {half:.3f}" if metric == "NDCG@10" else ""
            rows.append(Row(NAME, metric, name, ours, value, result.seconds, result.peak_mb, said))
    return rows


# --- ours, through the engine ---


def only_content() -> Plugins:
    """The content strategy's votes alone."""
    others = [row.name for row in Plugins().describe() if row.name != "content"]
    return Plugins(disable=others, isolation=Patient())


def served(found: Courses, plugins: Plugins) -> list[float]:
    """Where each new module stands in what the engine makes of all votes.

    The n-th modules of all courses are new together, so that texts are indexed once for each n.
    """
    wanted = cases(found)
    places = {}
    for number in sorted({case.number for case in wanted}):
        hidden = {c: m[number] for c, m in found.modules.items() if len(m) > number}
        catalogue, ids = without_places(found, hidden, number)
        states = {
            model.name: _folded(model, _events_of_others(found, hidden)) for _, model in plugins.models()
        }
        here = [case for case in wanted if case.number == number]
        for case in here:
            asked = situation(found, case, catalogue, states)
            if case is here[0]:
                engine.rank(asked, plugins)
                settled()
            order = [r.activity_id for r in engine.rank(asked, plugins)]
            new = ids[case.course]
            places[case] = order.index(new) + 1.0 if new in order else (len(order) + len(asked.pool)) / 2
    return [places[case] for case in wanted]


def _folded(model: object, events: Sequence[Event]) -> object:
    state = model.empty()  # type: ignore[attr-defined]
    for event in events:
        state = model.fold(state, event)  # type: ignore[attr-defined]
    return state


def without_places(
    found: Courses, hidden: dict[str, Activity], number: int
) -> tuple[Catalogue, dict[str, str]]:
    """The catalogue with new modules of no course, at its end, and course id to its new module's id."""
    gone = {a.id for a in hidden.values()}
    known = [a for c in sorted(found.modules) for a in found.modules[c] if a.id not in gone]
    order = np.random.default_rng(number).permutation(len(hidden)).tolist()
    ids = {course: f"{NEW}-{place}" for course, place in zip(sorted(hidden), order, strict=True)}
    new = [replace(a, id=ids[c], key=ids[c], context_ids=(), position=0) for c, a in hidden.items()]
    made = (*known, *sorted(new, key=lambda a: a.id))
    return Catalogue(TENANT, f"new-{number}", made), ids


def _event(learner: str, place: int, activity: Activity) -> Event:
    at = START + timedelta(days=place)
    return Event(
        f"{learner}-{place}",
        TENANT,
        learner,
        EventKind.COMPLETED,
        at,
        activity_id=activity.id,
        context_id=activity.context_ids[0],
        score=0.8,
    )


def _events_of_others(found: Courses, hidden: dict[str, Activity]) -> list[Event]:
    """What others did: each course in its order by a few, as far as it goes, without what is new."""
    return [
        _event(f"{course}-{n}", place, activity)
        for course, modules in found.modules.items()
        for n in range(OTHERS)
        for place, activity in enumerate(modules)
        if hidden.get(course) is not activity
    ]


def situation(found: Courses, case: Case, catalogue: Catalogue, states: dict[str, object]) -> Situation:
    """The moment before the new module, with everything to choose from."""
    done = found.modules[case.course][: case.number]
    gone = {a.id for a in done}
    return Situation(
        now=START + timedelta(days=case.number),
        seed=1,
        minutes=MINUTES,
        learner=Learner("learner-1", TENANT),
        context=Context(case.course, TENANT, found.titles[case.course]),
        catalogue=catalogue,
        pool=tuple(a.id for a in catalogue if a.id not in gone),
        history=tuple(_event("learner-1", n, a) for n, a in enumerate(done))[::-1],
        models=states,
    )


# --- the usual ---


def _cases_by_place(found: Courses) -> Iterator[tuple[list[int], int]]:
    """(places of what was done, place of the new one) among all modules, courses by name."""
    start = {}
    count = 0
    for course in sorted(found.modules):
        start[course] = count
        count += len(found.modules[course])
    for case in cases(found):
        first = start[case.course]
        yield list(range(first, first + case.number)), first + case.number


def ranks(found: Courses, scores: Scores) -> list[float]:
    """Where each new module stands, by a score from texts alone."""
    places = []
    for done, new in _cases_by_place(found):
        score = scores(done).astype(float)
        score[done] = -np.inf
        places.append(1.0 + float((score > score[new]).sum()))
    return places


def tf_idf(texts: Sequence[str]) -> Scores:
    """Cosine of words weighted by TF-IDF, scikit-learn's defaults."""
    rows = TfidfVectorizer().fit_transform(texts)
    return lambda done: (rows @ rows[done[-1]].T).toarray().ravel()


def tf_idf_of_eight(texts: Sequence[str]) -> Scores:
    """The same, the mean over the last eight modules, later ones more: 1, 1/2, 1/3 and so on."""
    rows = TfidfVectorizer().fit_transform(texts)

    def score(done: Sequence[int]) -> NDArray[np.float64]:
        lately = list(done[::-1][:8])
        weights = 1 / np.arange(1, len(lately) + 1)
        found: NDArray[np.float64] = rows @ (rows[lately].T @ (weights / weights.sum()))
        return found

    return score


def lsa(texts: Sequence[str]) -> Scores:
    """Cosine after latent semantic analysis with 100 topics, as scikit-learn's guide does it."""
    rows = normalize(TruncatedSVD(100, random_state=0).fit_transform(TfidfVectorizer().fit_transform(texts)))
    return lambda done: rows @ rows[done[-1]]


def bm25(texts: Sequence[str], k: float = 1.2, b: float = 0.75) -> Scores:
    """Okapi BM25 (S. Robertson and H. Zaragoza, 2009), the last module's words as the query."""
    counts = CountVectorizer().fit_transform(texts).tocsr().astype(float)
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    having = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
    rows = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
    weights = counts.copy()
    norm = k * (1 - b + b * lengths[rows] / lengths.mean())
    weights.data = counts.data * (k + 1) / (counts.data + norm) * idf[counts.indices]
    return lambda done: (weights @ counts[done[-1]].T).toarray().ravel()


def popularity(found: Courses) -> list[float]:
    """Nobody has done a new module: it comes after all that somebody did."""
    total = sum(map(len, found.modules.values()))
    return [float(total - len(done)) for done, _ in _cases_by_place(found)]


def chance(found: Courses, seed: int) -> list[float]:
    """A place drawn among all that was not done."""
    total = sum(map(len, found.modules.values()))
    generator = np.random.default_rng(seed)
    return [float(generator.integers(1, total - len(done) + 1)) for done, _ in _cases_by_place(found)]
