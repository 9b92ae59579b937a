"""The strategies stay as good as docs/evidence.md says; a little worse is allowed.

Only what takes seconds; ``make bench`` measures everything.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from stifinder.core.plugins import Plugins
from stifinder.lab import knowledge_tracing
from stifinder.lab.bench import leave_last_out, next_skill, results
from stifinder.lab.bench.leave_last_out import ndcg
from stifinder.lab.bench.suite import NoData, Options, public

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
ALLOWED = 0.004
"""How much worse a figure may be: chance alone moves them by less, all seeds being fixed."""


def on_record(suite: str, data: str, metric: str, name: str) -> float:
    """The figure that was published last."""
    rows = results.read(RESULTS / f"{suite}.json").rows
    (found,) = [r.value for r in rows if r.ours and (r.data, r.metric, r.name) == (data, metric, name)]
    assert found is not None
    return found


@pytest.mark.slow
def test_the_next_answer_is_foretold_as_well_as_on_record() -> None:
    try:
        folder = public("knowledge_tracing")
    except NoData as error:
        pytest.skip(str(error))
    (ours,) = [f for f in knowledge_tracing.foretellers(Plugins()) if f.plugin == "knowledge"]
    train, test = (knowledge_tracing.read(folder / f"STATICS_{part}.csv") for part in ("train", "test"))
    found = knowledge_tracing.foretell(ours, knowledge_tracing.learn(ours, train), test)
    assert found.auc > on_record("knowledge", "STATICS 2011", "AUC", "knowledge") - ALLOWED
    assert found.auc > 0.833
    assert found.calibration_error < 0.02


@pytest.mark.slow
def test_the_next_skill_is_found_as_well_as_on_record() -> None:
    try:
        histories = next(iter(leave_last_out.data(Options())))
    except NoData as error:
        pytest.skip(str(error))
    found = ndcg(next_skill.asked(histories, ("collaborative",), {}).places)
    recorded = on_record("next-skill", "ASSISTments 2009", "NDCG@10", "collaborative alone")
    assert found > recorded - ALLOWED
    assert found > 0.53
