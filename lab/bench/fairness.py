"""Whether stopping is foretold equally well for groups of people, who are never told apart by the forecast.

Equal opportunity (M. Hardt, E. Price and N. Srebro, "Equality of Opportunity in Supervised Learning", 2016):
of those who do stop, the same share should be seen beforehand in each group. Of two groups it is the
difference, of more the widest gap; groups with fewer than 20 who stop are shown and not compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from .. import oulad
from .dropout import NAME, calibration_error
from .stopping import PEERS, Judged, ours, peers
from .suite import Options, Row, public

WEEKS = (4, 8, 12)
THRESHOLD = 0.5
"""The chance from which the product asks a learner how it goes."""
COMPARED = 20
TIMES = 1000
DIFFERENCE = "equal-opportunity difference"
Bools = NDArray[np.bool_]


def difference(seen: Bools, parts: NDArray[np.intp]) -> float:
    """Of two groups the second's share seen less the first's; of more the widest gap.

    :param seen: (n,) whether each was above the threshold; all of them stopped.
    :param parts: (n,) the number of each one's group.
    """
    size = np.bincount(parts)
    shares = np.bincount(parts, seen, minlength=len(size))[size > 0] / size[size > 0]
    return float(shares[1] - shares[0] if len(shares) == 2 else shares.max() - shares.min())


def interval(seen: Bools, parts: NDArray[np.intp], chance: np.random.Generator) -> tuple[float, float, float]:
    """The 95 % bootstrap interval of the difference, and what chance alone stays below 95 times in 100.

    People are drawn anew within their groups. The widest of several gaps grows with each draw, so there the
    interval is the basic one, reflected about what was found (A. C. Davison and D. V. Hinkley, "Bootstrap
    Methods and their Application", 1997). The third figure is from groups shuffled at random.
    """
    rows = [np.flatnonzero(parts == part) for part in np.unique(parts)]

    def drawn() -> float:
        again = np.concatenate([chance.choice(each, len(each)) for each in rows])
        return difference(seen[again], parts[again])

    found = [drawn() for _ in range(TIMES)]
    by_chance = [abs(difference(seen, chance.permutation(parts))) for _ in range(TIMES)]
    low, high = (float(each) for each in np.quantile(found, (0.025, 0.975)))
    if len(rows) > 2:
        value = difference(seen, parts)
        low, high = max(0.0, 2 * value - high), max(0.0, 2 * value - low)
    return low, high, float(np.quantile(by_chance, 0.95))


def rows(name: str, is_ours: bool, each: Judged, seed: int) -> list[Row]:
    """The figures of one week by each way of grouping."""
    made = []
    seen = each.chance >= THRESHOLD
    stopped = each.stopped.astype(bool)
    for group in oulad.GROUPS:
        belongs = np.array([s.groups[group] for s in each.students])
        compared = []
        for part in sorted(set(belongs)):
            mine = belongs == part
            number = int((mine & stopped).sum())
            data = f"OULAD, week {each.week}, {group} {part} ({mine.sum()} people, {number} stop)"
            if 0 < number < mine.sum():
                auc = float(roc_auc_score(stopped[mine], each.chance[mine]))
                made.append(Row(data, "AUC", name, is_ours, auc))
                made.append(Row(data, "recall", name, is_ours, float(seen[mine & stopped].mean())))
                error = calibration_error(each.stopped[mine], each.chance[mine])
                made.append(Row(data, "ECE", name, is_ours, error))
            if number >= COMPARED:
                compared.append(part)
        among = stopped & np.isin(belongs, compared)
        parts: NDArray[np.intp] = np.searchsorted(compared, belongs[among])
        low, high, luck = interval(seen[among], parts, np.random.default_rng(seed))
        which = f"{compared[1]} less {compared[0]}" if len(compared) == 2 else "widest gap"
        data = f"OULAD, week {each.week}, {group} ({which})"
        made += [
            Row(data, DIFFERENCE, name, is_ours, difference(seen[among], parts)),
            Row(data, f"{DIFFERENCE}, 95 % low", name, is_ours, low),
            Row(data, f"{DIFFERENCE}, 95 % high", name, is_ours, high),
            Row(data, f"{DIFFERENCE}, by chance alone", name, is_ours, luck),
        ]
    return made


def run(options: Options) -> list[Row]:
    """All rows of the suite."""
    data = oulad.read(public("oulad"))
    options.say(NAME)
    judged: Sequence[Judged] = ours(data, WEEKS)[0]
    made = [row for each in judged for row in rows(NAME, True, each, options.seed)]
    if options.peers:
        name = "logistic regression"
        options.say(name)
        theirs = peers(data, PEERS[name], WEEKS)[0]
        made += [row for each in theirs for row in rows(name, False, each, options.seed)]
    return made
