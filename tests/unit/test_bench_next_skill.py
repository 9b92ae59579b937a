"""The benches of the next step: the protocol, the reader, and that ours stays as good as it is said to be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from stifinder.core.errors import InvalidInput
from stifinder.lab.bench import baselines, cold_start, leave_last_out, next_skill
from stifinder.lab.bench.leave_last_out import ndcg, place_by_score, places
from stifinder.lab.bench.suite import NoData, Options


def test_one_hidden_item_is_worth_less_the_lower_it_stands() -> None:
    assert ndcg([1]) == 1
    assert ndcg([3]) == 0.5
    assert ndcg([11]) == 0
    assert ndcg([1, 11]) == 0.5


def test_equal_scores_share_their_mean_place_and_what_is_done_is_not_ranked() -> None:
    assert place_by_score(np.array([9, 1, 1, 1, 5]), [0], 1) == 3
    assert place_by_score(np.array([9, 1, 1, 1, 5]), [0, 4], 2) == 2


def written(folder: Path, lines: Sequence[str]) -> Path:
    path = folder / "steps.csv"
    path.write_text("\n".join(["learner,item,time,result", *lines]), encoding="utf-8")
    return path


def test_a_file_is_read_in_order_of_first_practice(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        ["learner-1,b,2026-03-02T09:00:00Z,0.5", "learner-1,a,2026-03-01,", "learner-1,b,2026-03-05,1"],
    )
    ((first, second),) = leave_last_out.read(path)
    assert (first.item, second.item, second.result) == ("a", "b", 0.5)
    assert second.at == datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("learner-1,a,yesterday,1", "no time"),
        ("learner-1,a,2026-03-01,two", "no result"),
        ("learner-1,a,2026-03-01,7", "no result"),
        ("learner-1,,2026-03-01,1", "empty"),
        ("learner-1,a", "columns"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = written(tmp_path, ["learner-1,b,0,1", line])
    with pytest.raises(InvalidInput, match=rf"steps\.csv line 3: .*{told}"):
        leave_last_out.read(path)


def test_a_wrong_heading_is_named(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("who,what\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="line 1"):
        leave_last_out.read(path)


def course(folder: Path) -> Options:
    """Sixty learners who all go through the same twelve items in the same order."""
    lines = [f"learner-{n},item-{(n % 5) + k:02},{1000 * k}" for n in range(60) for k in range(7)]
    return Options(file=written(folder, [f"{line}," for line in lines]), peers=False)


def test_a_course_that_all_take_in_order_is_foretold_by_what_the_product_serves(tmp_path: Path) -> None:
    rows = next_skill.run(course(tmp_path))
    served = {r.name: r.value for r in rows if r.metric == "NDCG@10"}
    assert (served["collaborative alone"] or 0) > 0.85  # one item in five was never seen, only hidden
    assert (served["as served (all voices)"] or 0) > (served["popularity"] or 0)


def test_what_a_newcomer_declares_is_never_the_hidden_item(tmp_path: Path) -> None:
    (histories,) = leave_last_out.data(course(tmp_path))
    for n, hidden in enumerate(histories.hidden):
        said = cold_start.says(histories, n, 1, seed=1)
        assert said.goals
        assert hidden not in {*said.goals, *said.stated_levels}


def test_popularity_on_the_public_data_is_the_known_figure() -> None:
    try:
        first, second = leave_last_out.data(Options())
    except NoData as error:
        pytest.skip(str(error))
    known = [ndcg(places(one, baselines.popularity(one))) for one in (first, second)]
    assert known[0] == pytest.approx(0.178, abs=0.002)
    assert known[1] == pytest.approx(0.036, abs=0.003)
