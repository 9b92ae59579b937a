"""A plugin under trial: what it is asked, and how promises are written down."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ...core.manifests import INTERFACE, limited
from ...core.proposals import Situation
from . import privacy, situations
from .findings import Finding
from .patience import NeverEnded, watched
from .subject import Subject

EXAMPLES = 100
PLAIN = ("settings_schema", "configure", "jobs", "learned_models", "manifest", "learner_forgotten")
"""Hooks that are asked about no situation."""


class Broken(AssertionError):
    """A promise does not hold for an input."""


class Raised(Exception):
    """The plugin raised; what, is the cause. Apart from the kit's own errors, which must not pass unseen."""


@dataclass
class Trial:
    """A plugin, and how hard it is tried.

    :param examples: situations that Hypothesis may make for each promise and hook.
    :param states: the folder with what models stored in earlier releases; None without.
    :param stuck: the hook that never came back, after which nothing more is tried; "" without.
    """

    subject: Subject
    seed: int = 0
    examples: int = EXAMPLES
    interface: str = INTERFACE
    states: Path | None = None
    stuck: str = ""
    _suspects: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def hooks(self) -> list[str]:
        """The hooks about a situation or an activity."""
        return [hook for hook in self.subject.hooks if hook not in PLAIN]

    def seen(self, situation: Situation) -> Situation:
        """The situation as the host would give it to this plugin."""
        serves = {m.name: m.purpose for m in self.subject.models()}
        settings = _defaults(self.subject)
        found = limited(situation, self.subject.manifest(), serves)
        return replace(found, settings=settings) if settings else found

    def ask(self, hook: str, situation: Situation) -> Any:
        """The hook's answer in a situation.

        :raises Raised: when the plugin raises.
        :raises NeverEnded: when it does not come back.
        """
        arguments = situations.arguments(hook, situation)
        try:
            return self.subject.ask(hook, **arguments)
        except NeverEnded as endless:
            endless.where = situations.in_words(situation)
            raise
        except Exception as error:
            raise Raised(f"{type(error).__name__}: {error}") from error

    @cached_property
    def ordinary(self) -> Situation:
        """A small tenant in full work."""
        return self._large(20, 4)

    @cached_property
    def huge(self) -> Situation:
        """``situations.HUGE`` activities."""
        return self._large(situations.HUGE, 60)

    def _large(self, size: int, learners: int) -> Situation:
        models = self.subject.models()
        with watched("learned_models", times=6):
            return self.seen(situations.large(models, size, learners))

    def findings(self, promise: str) -> list[Finding]:
        """What breaks a promise; once a call never came back, nothing more is tried."""
        if self.stuck:
            return []
        this = PROMISES[promise]
        try:
            return list(this.run(self, this))
        except NeverEnded as endless:
            self.stuck = endless.what
            said = f"not back after {endless.seconds:g} s"
            return [PROMISES["in-time"].found(endless.what, said, endless.where)]

    def suspects(self, hook: str) -> frozenset[str]:
        """The promises of ``HOLDS`` that some situation breaks; one run of situations serves them all."""
        if hook not in self._suspects:
            found: set[str] = set()

            def each(situation: Situation) -> None:
                for name, holds in HOLDS.items():
                    try:
                        holds(self, situation, hook)
                    except Broken:
                        found.add(name)
                    except Raised:
                        continue  # ``never-raises`` is about that

            self._try(each)
            self._suspects[hook] = frozenset(found)
        return self._suspects[hook]

    def smallest(self, name: str, hook: str) -> tuple[str, str]:
        """What is wrong in the smallest situation that breaks a promise of ``HOLDS``, and that situation."""
        last: list[tuple[str, str]] = []

        def each(situation: Situation) -> None:
            try:
                HOLDS[name](self, situation, hook)
            except Broken as broken:
                last.append((str(broken), situations.in_words(situation)))
                raise
            except Raised:
                return  # ``never-raises`` is about that

        from hypothesis.errors import HypothesisException

        with contextlib.suppress(Broken, HypothesisException):  # the latter where it does so now and then
            self._try(each)
        # Hypothesis ends with the smallest one.
        return last[-1] if last else ("it does so in some situations, and not when they are tried again", "")

    def _try(self, each: Callable[[Situation], None]) -> None:
        import hypothesis

        @hypothesis.seed(self.seed)
        @hypothesis.settings(
            max_examples=self.examples,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            print_blob=False,
            report_multiple_bugs=False,
        )
        @hypothesis.given(situations.situations(self.subject.models(), "tenant-b"))
        def tried(situation: Situation) -> None:
            each(self.seen(situation))

        with privacy.quiet():
            tried()


@dataclass(frozen=True)
class Promise:
    """One promise of the interface.

    :param words: what is promised.
    :param cure: what to do where it is broken.
    """

    name: str
    words: str
    cure: str
    run: Callable[[Trial, Promise], Iterator[Finding]]

    def found(self, hook: str, what: str, where: str = "") -> Finding:
        """A finding about this promise."""
        return Finding(self.name, hook, what, where, self.cure)


PROMISES: dict[str, Promise] = {}
HOLDS: dict[str, Callable[[Trial, Situation, str], None]] = {}
"""Promises about one situation and hook: name to what raises ``Broken``."""


def promise(name: str, words: str, cure: str) -> Callable[[Any], Any]:
    """Register a promise."""

    def mark(run: Callable[[Trial, Promise], Iterator[Finding]]) -> Any:
        PROMISES[name] = Promise(name, words, cure, run)
        return run

    return mark


def in_every_situation(name: str, words: str, cure: str) -> Callable[[Any], Any]:
    """Register a promise that holds in each situation for itself."""

    def run(trial: Trial, this: Promise) -> Iterator[Finding]:
        for hook in trial.hooks:
            if name in trial.suspects(hook):
                yield this.found(hook, *trial.smallest(name, hook))

    def mark(holds: Callable[[Trial, Situation, str], None]) -> Any:
        HOLDS[name] = holds
        PROMISES[name] = Promise(name, words, cure, run)
        return holds

    return mark


def _defaults(subject: Subject) -> Mapping[str, object]:
    if "settings_schema" not in subject.hooks:
        return {}
    try:
        return dict(subject.ask("settings_schema")().load({}))
    except Exception:  # noqa: BLE001  (``settings`` is about that)
        return {}
