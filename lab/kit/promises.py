"""All promises together. docs/conformance.md says each in a sentence, with its cure."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ...core.errors import InvalidInput
from ...core.manifests import INTERFACE

from . import description, answers, limits, models, manners  # isort: skip # noqa: F401  (each brings its promises)
from .findings import Finding
from .subject import Subject, find
from .trial import EXAMPLES, PROMISES, Trial


def check(
    what: str | Subject,
    *,
    promises: Collection[str] = (),
    seed: int = 0,
    examples: int = EXAMPLES,
    interface: str = INTERFACE,
    states: Path | None = None,
) -> list[Finding]:
    """Check a plugin.

    :param what: as ``find`` takes it, or what ``find`` found.
    :param promises: names of those to check; all without any.
    :param interface: the version of the hooks it must say it works with.
    :param states: a folder with what its models stored in earlier releases; written where it has none.
    :raises InvalidInput: for an unknown plugin or promise.
    """
    trial = begin(what, seed=seed, examples=examples, interface=interface, states=states)
    return [finding for name in chosen(promises) for finding in trial.findings(name)]


def begin(
    what: str | Subject,
    *,
    seed: int = 0,
    examples: int = EXAMPLES,
    interface: str = INTERFACE,
    states: Path | None = None,
) -> Trial:
    """A trial of a plugin, for those who go through the promises one by one."""
    return Trial(find(what) if isinstance(what, str) else what, seed, examples, interface, states)


def chosen(promises: Collection[str] = ()) -> list[str]:
    """Names of promises, in their order; all without any.

    :raises InvalidInput: for one that there is not.
    """
    if strangers := sorted(set(promises) - set(PROMISES)):
        raise InvalidInput(
            f"There is no promise {', '.join(strangers)}.", f"They are: {', '.join(PROMISES)}."
        )
    return [name for name in PROMISES if not promises or name in promises]
