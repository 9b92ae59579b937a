"""A measured figure, and how it is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One measured figure and what it should be."""

    name: str
    value: float
    unit: str
    target: str = ""


def milliseconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1000


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return float(np.percentile(values, share * 100))
