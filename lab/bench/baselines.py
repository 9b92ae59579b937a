"""What next-skill and cold-start are compared with: simple methods of our own, and recommenders to install.

Each takes what everybody did and gives a function from one learner's items to a score of every item.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from .leave_last_out import Histories, Scores, ndcg, places

Method = Callable[[Histories], Scores]
RIDGE = (5.0, 20.0, 50.0, 200.0)


def numbers(histories: Histories) -> list[list[int]]:
    """Each learner's items as numbers, in order."""
    number = {item: n for n, item in enumerate(histories.items)}
    return [[number[step.item] for step in steps] for steps in histories.seen]


def did(histories: Histories) -> np.ndarray:
    """(learners, items): 1 where an item was practised."""
    found = np.zeros((len(histories.seen), len(histories.items)), dtype=np.float32)
    for n, items in enumerate(numbers(histories)):
        found[n, items] = 1
    return found


def popularity(histories: Histories) -> Scores:
    """How many learners practised an item."""
    counts = did(histories).sum(axis=0)
    return lambda _: counts


def transitions(histories: Histories) -> Scores:
    """First-order Markov chain: what followed the latest item at once; the more popular of equals first."""
    size = len(histories.items)
    followed = np.zeros((size, size), dtype=np.float32)
    for items in numbers(histories):
        followed[items[:-1], items[1:]] += 1
    counts = did(histories).sum(axis=0)
    return lambda items: followed[items[-1]] + 1e-4 * counts if items else counts


def ease(ridge: float) -> Method:
    """EASE (H. Steck, 2019) on all that was practised, whenever it was."""

    def train(histories: Histories) -> Scores:
        practised = did(histories).astype(np.float64)
        inverse = np.linalg.inv(practised.T @ practised + ridge * np.eye(practised.shape[1]))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return lambda items: weights[list(items)].sum(axis=0)

    return train


def _implicit(make: Callable[[], Any]) -> Method:
    """A recommender of the package ``implicit``, asked for a score of every item.

    A learner's own row is among those it was trained on, as it is for every method here.
    """

    def train(histories: Histories) -> Scores:
        model = make()
        table = csr_matrix(did(histories))
        model.fit(table, show_progress=False)
        learners = {frozenset(items): n for n, items in enumerate(numbers(histories))}
        everything = table.shape[1]

        def scores(items: Sequence[int]) -> np.ndarray:
            n = learners[frozenset(items)]
            ids, found = model.recommend(n, table[n], N=everything, filter_already_liked_items=False)
            all_scores = np.full(everything, -np.inf)
            known = ids >= 0
            all_scores[ids[known]] = found[known]
            return all_scores

        return scores

    return train


def from_implicit(package: Any, seed: int) -> dict[str, list[Method]]:
    """Methods of ``implicit`` by name, each with the settings to choose from."""
    als, bpr = package.als.AlternatingLeastSquares, package.bpr.BayesianPersonalizedRanking
    cosine = package.nearest_neighbours.CosineRecommender
    one = {"random_state": seed, "num_threads": 1}
    return {
        "implicit ALS": [
            _implicit(partial(als, factors=f, regularization=r, **one))
            for f, r in ((16, 0.01), (64, 0.01), (64, 1.0))
        ],
        "implicit BPR": [
            _implicit(partial(bpr, factors=f, iterations=i, **one))
            for f, i in ((32, 100), (64, 100), (64, 300))
        ],
        "implicit item-kNN (cosine)": [
            _implicit(partial(cosine, K=k, num_threads=1)) for k in (20, 100, 2000)
        ],
    }


def chosen(methods: Sequence[Method], histories: Histories, every: int = 1) -> int:
    """The number of the best of these one step earlier: no hidden step takes part.

    :param every: of every how many learners one is asked for.
    """
    if len(methods) == 1:
        return 0
    before = histories.earlier()
    values = [ndcg(places(before, method(before), every)) for method in methods]
    return int(np.argmax(values))


def from_lenskit(package: Any) -> dict[str, list[Method]]:
    """Methods of ``lenskit`` by name, each with the settings to choose from."""
    knn = importlib.import_module(f"{package.__name__}.knn")
    return {
        "lenskit item-kNN": [
            _lenskit(package, partial(knn.ItemKNNScorer, max_nbrs=k, feedback="implicit")) for k in (20, 100)
        ],
        "lenskit EASE": [_lenskit(package, partial(knn.EASEScorer, regularization=r)) for r in RIDGE],
    }


def _lenskit(package: Any, make: Callable[[], Any]) -> Method:
    """A scorer of the package ``lenskit``."""

    def train(histories: Histories) -> Scores:
        pandas = importlib.import_module("pandas")  # comes with lenskit

        rows = [(n, item) for n, items in enumerate(numbers(histories)) for item in items]
        data = package.data.from_interactions_df(pandas.DataFrame(rows, columns=["user_id", "item_id"]))
        scorer = make()
        scorer.train(data)
        everything = package.data.ItemList(item_ids=np.arange(len(histories.items)))

        def scores(items: Sequence[int]) -> np.ndarray:
            query = package.data.RecQuery(user_items=package.data.ItemList(item_ids=np.array(items)))
            found = scorer(query, everything).scores()
            return np.nan_to_num(np.asarray(found, dtype=np.float64), nan=-np.inf)

        return scores

    return train
