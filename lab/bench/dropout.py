"""Who will stop, week by week; and where a module is left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from .. import oulad
from .left import left_rows
from .stopping import PEERS, Judged, ours, peers
from .suite import Options, Row, public

NAME = "as served"
BINS = 10
CLEAN = "measured here; those who withdrew are not in this copy of the data"


def calibration_error(truth: NDArray[np.int64], chance: NDArray[np.float64]) -> float:
    """Expected calibration error over ten bins with equally many cases: mean of |share - mean chance|."""
    parts = np.array_split(np.argsort(chance, kind="stable"), BINS)
    away = sum(len(part) * abs(truth[part].mean() - chance[part].mean()) for part in parts if len(part))
    return float(away / len(truth))


def rows(name: str, judged: Sequence[Judged], is_ours: bool, seconds: float, peak_mb: float) -> list[Row]:
    """AUC, calibration error and Brier score of each week; AUC also among those who are not behind."""
    made = []
    for each in judged:
        data = f"OULAD, week {each.week}"
        last = each is judged[-1]
        auc = float(roc_auc_score(each.stopped, each.chance))
        error = calibration_error(each.stopped, each.chance)
        brier = float(brier_score_loss(each.stopped, each.chance))
        made += [
            Row(data, "AUC", name, is_ours, auc, seconds if last else None, peak_mb if last else None, CLEAN),
            Row(data, "ECE", name, is_ours, error, source=CLEAN),
            Row(data, "Brier", name, is_ours, brier, source=CLEAN),
        ]
        if each.week:
            auc = float(roc_auc_score(each.stopped[each.near], each.chance[each.near]))
            made.append(Row(f"{data}, who is not behind", "AUC", name, is_ours, auc, source=CLEAN))
    return made


def run(options: Options) -> list[Row]:
    """All rows of the suite."""
    data = oulad.read(public("oulad"))
    options.say("ours")
    judged, cost = ours(data)
    made = rows(NAME, judged, True, cost.seconds, cost.peak_mb)
    made.append(Row("OULAD", "prediction (µs)", NAME, True, cost.value))
    if options.peers:
        for name, method in PEERS.items():
            options.say(name)
            theirs, fitting = peers(data, method)
            made += rows(name, theirs, False, fitting.seconds, fitting.peak_mb)
    return made + left_rows(data)
