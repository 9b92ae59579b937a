"""Prerequisites that nobody declared, inferred with confidence: from order and results, and from texts.

*From order and results.* For two skills that the same people were tested on: nearly all who know the one
know the other too, not the other way round, and it came first. That is the partial order of M. C.
Desmarais, A. Maluf and J. Liu ("User-expertise modeling with empirically derived probabilistic implication
networks", 1996).

*From texts.* A weak hint, used only where a course gives no order: titles that speak of a beginning or an
end, and the breadth of a text (reference distance of C. Liang et al., "Measuring Prerequisite Relations
Among Concepts", 2015, with the sign that lessons have: what comes early mentions what comes later).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from .. import Activity, Event, EventKind, LearnedModel, Manifest, Purpose, Situation, hookimpl, message
from .in_place import InPlace

KNOWN = 60
"""Mean result, in hundredths, from which a learner is taken to know a skill."""
LEAST = 10
"""Fewer people say nothing of two skills."""
RESULTS = frozenset(
    {EventKind.ANSWERED, EventKind.COMPLETED, EventKind.FAILED, EventKind.PASSED, EventKind.SCORED}
)
FORM = "stifinder-prerequisites"
BOTH, FIRST_KNOWN, SECOND_KNOWN, BOTH_KNOWN, FIRST_EARLIER, SECOND_EARLIER = range(6)
"""What is counted of a pair of skills, the first being the one whose id comes first."""

EARLY = re.compile(
    r"introduc|getting started|\bstart|set ?up|setting|install|welcome|overview|basic|fundament|what is"
    r"|motivation|background|indføring|introduktion|grundlæggende|kom i gang|einführung|grundlagen|erste",
    re.IGNORECASE,
)
LATE = re.compile(
    r"advanc|conclu|wrap|summar|further|optional|extra|challenge|exercise|quiz|project|best practice"
    r"|collaborat|shar|publish|next step|combin|reference|review|final|discussion"
    r"|avanceret|opsummering|videre|fortgeschritten|zusammenfassung|weiter",
    re.IGNORECASE,
)
WORD = r"(?u)\b[^\W\d_]{3,}\b"
"""Words without digits: a number in a text may give its place away."""

Floats = NDArray[np.float64]
Skill = list[int]
"""[second of the first result, sum of results in hundredths, number of results]"""


class Pairs:
    """Learner to skill to results, and what follows of pairs: sums over learners of whole numbers."""

    def __init__(self) -> None:
        self.learners: dict[str, dict[str, Skill]] = {}
        self.pairs: dict[tuple[str, str], list[int]] = {}

    def learn(self, event: Event) -> None:
        """Note one result on each of its skills."""
        result = event.result
        if result is None or event.kind not in RESULTS:
            return
        hundredths = round(100 * min(1.0, max(0.0, result)))
        mine = self.learners.setdefault(event.learner_id, {}) if event.skills else {}
        for skill in dict.fromkeys(event.skills):
            old = mine.get(skill)
            second = _second(event.at)
            new = [second, hundredths, 1]
            if old is not None:
                new = [min(old[0], second), old[1] + hundredths, old[2] + 1]
                if _known(old) == _known(new) and old[0] == new[0]:
                    mine[skill] = new
                    continue
                self._count(mine, skill, -1)
            mine[skill] = new
            self._count(mine, skill, 1)

    def _count(self, mine: Mapping[str, Skill], skill: str, sign: int) -> None:
        """Add (or take out) one learner's pairs with a skill."""
        for other in mine:
            if other == skill:
                continue
            key = (skill, other) if skill < other else (other, skill)
            first, second = mine[key[0]], mine[key[1]]
            one, two = _known(first), _known(second)
            counts = self.pairs.setdefault(key, [0] * 6)
            for place, amount in enumerate(
                (1, one, two, one and two, first[0] < second[0], second[0] < first[0])
            ):
                counts[place] += sign * int(amount)
            if not counts[BOTH]:
                del self.pairs[key]

    def add(self, other: Pairs) -> None:
        """Add the other's learners.

        :raises ValueError: when both saw the same learner.
        """
        if both := self.learners.keys() & other.learners.keys():
            raise ValueError(f"{len(both)} learners are in both states: merge states of different learners")
        self.learners.update(other.learners)
        for key, counts in other.pairs.items():
            mine = self.pairs.setdefault(key, [0] * 6)
            for place, amount in enumerate(counts):
                mine[place] += amount

    def forget(self, learner_id: str) -> None:
        """Take a learner out, pair by pair."""
        mine = self.learners.pop(learner_id, {})
        for skill in list(mine):
            self._count(mine, skill, -1)
            del mine[skill]

    def __eq__(self, other: object) -> bool:
        """The same results; pairs follow from them, and are compared too."""
        if not isinstance(other, Pairs):
            return NotImplemented
        return self.learners == other.learners and self.pairs == other.pairs

    __hash__ = None  # type: ignore[assignment]


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _known(skill: Skill) -> bool:
    return skill[1] >= KNOWN * skill[2]


class PrerequisiteModel(InPlace[Pairs]):
    """``Pairs`` as a learned model."""

    name = "prerequisites"
    version = 1
    purpose = Purpose.SHARED_MODELS

    def empty(self) -> Pairs:
        """Nobody's results."""
        return Pairs()

    def dump(self, state: Pairs) -> bytes:
        """Serialise the results; pairs are counted again."""
        return msgspec.msgpack.encode((FORM, state.learners))

    def load(self, data: bytes) -> Pairs:
        """Read what ``dump`` wrote."""
        try:
            form, learners = msgspec.msgpack.decode(data, type=tuple[str, dict[str, dict[str, list[int]]]])
        except msgspec.DecodeError as error:
            raise ValueError(f"not a stored state of the prerequisites model: {error}") from error
        if form != FORM:
            raise ValueError(f"not a stored state of the prerequisites model: it says {form!r}")
        state = Pairs()
        for learner, skills in learners.items():
            mine = state.learners[learner] = {}
            for skill, results in skills.items():
                mine[skill] = results
                state._count(mine, skill, 1)
        return state


def confidence(counts: Sequence[int], *, first_needed: bool) -> float:
    """How sure it is that the first skill of a pair is a prerequisite of the second (or the other way), 0..1.

    The product of three shares, each smoothed by one for and one against: of those who know the later skill
    also know the earlier; of those who do not know the earlier do not know the later; met the earlier first.
    0 below ``LEAST`` people, or where knowing the one says nothing of the other.
    """
    people = counts[BOTH]
    if people < LEAST:
        return 0.0
    earlier, later = counts[FIRST_KNOWN], counts[SECOND_KNOWN]
    before, after = counts[FIRST_EARLIER], counts[SECOND_EARLIER]
    if not first_needed:
        earlier, later, before, after = later, earlier, after, before
    both = counts[BOTH_KNOWN]
    unknown = people - earlier
    implied = (both + 1) / (later + 2)
    denied = (unknown - (later - both) + 1) / (unknown + 2)
    in_order = (before + 1) / (before + after + 2)
    if both * people <= earlier * later:
        return 0.0
    return implied * denied * in_order


def inferred(situation: Situation) -> dict[str, dict[str, float]]:
    """Skill to the skills it builds on as order and results have it, each with its confidence."""
    state = situation.models.get(PrerequisiteModel.name)
    found: dict[str, dict[str, float]] = {}
    if isinstance(state, Pairs):
        for (first, second), counts in list(state.pairs.items()):
            forth = confidence(counts, first_needed=True)
            back = confidence(counts, first_needed=False)
            if forth > back:
                found.setdefault(second, {})[first] = forth
            elif back > forth:
                found.setdefault(first, {})[second] = back
    return found


def text_order(activities: Sequence[Activity]) -> Floats:
    """How much each text looks like coming before each other one, [before, after]; antisymmetric, no unit."""
    from sklearn.feature_extraction.text import CountVectorizer  # loaded by then: see ``texts.warm_up``

    number = len(activities)
    marks = [float(bool(LATE.search(a.title))) - float(bool(EARLY.search(a.title))) for a in activities]
    ends = np.array(marks)
    cues: Floats = ends[None, :] - ends[:, None]
    texts = [f"{a.title} {a.text}" for a in activities]
    try:
        counts = CountVectorizer(ngram_range=(1, 2), token_pattern=WORD, min_df=2).fit_transform(texts)
    except ValueError:  # no word stands in two texts
        return cues
    used: Floats = np.log1p(counts.toarray().astype(np.float64))
    own = used * np.log(number / (used > 0).sum(axis=0))
    own /= own.sum(axis=1, keepdims=True) + 1e-9
    mentioned = own @ used.T  # [a, b]: how much b speaks of what is particular to a
    breadth = mentioned.T - mentioned
    order: Floats = _scaled(cues) + 0.5 * _scaled(breadth)
    return order


def _scaled(values: Floats) -> Floats:
    spread = float(values.std())
    scaled: Floats = values / spread if spread > 0 else values
    return scaled


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Learns from order and results what helps before what."),
        purposes=frozenset({Purpose.SHARED_MODELS}),
        reads=frozenset(),
        languages=("en", "da", "de"),
    )


@hookimpl
def learned_models() -> Sequence[LearnedModel]:
    """Bring the model of pairs of skills."""
    return (PrerequisiteModel(),)
