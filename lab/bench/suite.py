"""What a suite gives and gets: rows, and the options they are made with."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...core.errors import StifinderError

SUITES = {
    "next-skill": "what a learner practises next, foretold from everybody's order",
    "cold-start": "the same with nothing, one or two skills known of the learner",
    "new-content": "whether a module that nobody has done yet is found for the right course",
    "knowledge": "the next answer, right or wrong, foretold from those before it",
    "spacing": "recall at a review, foretold; what is retained for the minutes spent",
    "paths": "time to a goal against the fixed order of a course; prerequisites that are inferred",
    "peers": "what matching people brings, against chance and greed",
    "dropout": "who will stop, week by week; where a module is left",
    "fairness": "whether risk is foretold equally well for groups of people",
    "evaluation": "whether what a strategy would have done is estimated right from the record",
    "engine": "what a suggestion costs",
    "intake": "what taking a statement in costs",
    "host": "what the host adds to a plugin's call, and what a process of its own costs",
    "start": "how long the tool takes to start",
    "kit": "how long the conformance kit takes for each plugin that ships with the tool",
}
"""Each suite and what it asks; its module has the name with an underscore."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured or published figure.

    :param data: the data set, e.g. ``ASSISTments 2009``.
    :param metric: what ``value`` is, with its unit unless it is a share, e.g. ``NDCG@10``, ``update (µs)``.
    :param name: the method, e.g. ``as served``, ``implicit ALS``.
    :param ours: whether the method ships with Stifinder.
    :param value: None where the method could not be run; ``source`` says why.
    :param seconds: what training (or the whole job, where nothing is trained) took.
    :param peak_mb: memory at the peak of that, above what the process held before, in MB (10^6 bytes).
    :param source: ``measured here``, or the publication a figure comes from.
    """

    data: str
    metric: str
    name: str
    ours: bool
    value: float | None
    seconds: float | None = None
    peak_mb: float | None = None
    source: str = "measured here"


@dataclass(frozen=True, slots=True)
class Options:
    """How a suite is to be run.

    :param file: the user's own data in the suite's form, instead of the public data.
    :param peers: whether methods that do not ship with Stifinder run too.
    :param seed: the only source of chance.
    :param say: told what is being done, in a few words.
    """

    file: Path | None = None
    peers: bool = True
    seed: int = 1
    say: Callable[[str], None] = field(default=lambda _: None)


class NoData(StifinderError):
    """The data a suite needs is not there."""


def data_folder() -> Path:
    """Where public data lies: ``STIFINDER_DATA``, else ``shared/data`` beside the project's folder."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("STIFINDER_DATA", beside))


def public(*parts: str) -> Path:
    """A file or folder of the public data.

    :raises NoData: when it is not there.
    """
    path = data_folder().joinpath(*parts)
    if not path.exists():
        raise NoData(
            f"{path} is not there",
            "Say in STIFINDER_DATA where the folder with the public data lies.",
        )
    return path


def peer(module: str) -> Any | None:
    """A package that ours is compared with, or None where it is not installed (extra ``bench``)."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def absent(data: str, metric: str, name: str, package: str) -> Row:
    """The row of a peer that is not installed."""
    return Row(
        data, metric, name, False, None, source=f"{package} is not installed: pip install 'stifinder[bench]'"
    )


def published(data: str, metric: str, name: str, value: float, paper: str) -> Row:
    """The row of a published figure."""
    return Row(data, metric, name, False, value, source=paper)


def run(name: str, options: Options) -> list[Row]:
    """Run one of ``SUITES``.

    :raises NoData: when its data is not there.
    """
    module = importlib.import_module(f".{name.replace('-', '_')}", __package__)
    rows: list[Row] = module.run(options)
    return rows
