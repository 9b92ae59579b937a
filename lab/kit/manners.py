"""What a plugin does beside answering: whom it talks to, what it opens, what it says of people."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from . import privacy, situations
from .findings import Finding
from .trial import Promise, Raised, Trial, promise


@promise(
    "no-network",
    "A hook talks to nobody, but to hosts that the manifest names.",
    "Name the hosts in Manifest(hosts=…), and fetch in the background rather than while a page waits.",
)
def _no_network(trial: Trial, this: Promise) -> Iterator[Finding]:
    hosts = {h.partition(":")[0] for h in trial.subject.manifest().hosts}

    def wrongly(seen: privacy.Seen) -> str:
        strange = [h for h in seen.hosts if h not in hosts]
        return f"it talks to {strange[0]}" if strange else ""

    yield from _found(trial, this, wrongly)


@promise(
    "no-store",
    "A hook opens no database, and imports nothing of Stifinder but its public surface.",
    "Use what the situation brings; `from stifinder import …` has all that a plugin may use.",
)
def _no_store(trial: Trial, this: Promise) -> Iterator[Finding]:
    yield from (this.found("", f"it imports {name}") for name in privacy.private_imports(trial.subject))
    yield from _found(trial, this, lambda seen: f"it opens {seen.stores[0]}" if seen.stores else "")


@promise(
    "quiet-about-people",
    "Nothing about a person is logged or printed.",
    "Log counts and kinds, never ids, words or results of people; leave the situation out of messages.",
)
def _quiet(trial: Trial, this: Promise) -> Iterator[Finding]:
    yield from _found(trial, this, privacy.about_people)


def _found(trial: Trial, this: Promise, wrongly: Callable[[privacy.Seen], str]) -> Iterator[Finding]:
    """A finding for each hook that does wrong beside answering, in ordinary and odd situations."""
    models = trial.subject.models()
    tried = [situations.large(models, size, 4) for size in (20, 1, 0)]
    for hook in trial.hooks:
        for situation in map(trial.seen, tried):
            with privacy.watched() as seen, contextlib.suppress(Raised):
                trial.ask(hook, situation)
            if what := wrongly(seen):
                yield this.found(hook, what, situations.in_words(situation))
                break
