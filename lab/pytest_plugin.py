"""For authors' tests: ``pytest --stifinder-plugin NAME``, and the fixture ``stifinder_promise``.

    def test_keeps_its_promises(stifinder_promise):
        stifinder_promise.check()

is one test a promise, for the plugin that the option names, or ``stifinder_plugin = "NAME"`` in pytest's own
settings. With the option alone, no test need be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .kit import Trial

FIXTURE = "stifinder_promise"
TRIALS = pytest.StashKey[dict[str, "Trial"]]()
HELP = "check every promise of the hooks for this plugin: a name, module, folder or wheel; can be repeated"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option, and its place in pytest's settings."""
    group = parser.getgroup("stifinder", "Stifinder's conformance kit")
    group.addoption("--stifinder-plugin", action="append", default=[], metavar="NAME", help=HELP)
    parser.addini("stifinder_plugin", "the plugin that the fixture stifinder_promise is about", default="")
    parser.addini("stifinder_states", "folder with what its models stored in earlier releases", type="paths")


def pytest_configure(config: pytest.Config) -> None:
    """Make room for what promises have in common."""
    config.stash[TRIALS] = {}


@dataclass(frozen=True)
class PromiseOf:
    """One promise for one plugin.

    :param words: what is promised.
    """

    config: pytest.Config
    plugin: str
    name: str
    words: str

    def check(self) -> None:
        """Fail with the promise, the smallest input that breaks it, and the cure."""
        __tracebackhide__ = True
        from .kit import begin

        trials = self.config.stash[TRIALS]
        states = next(iter(self.config.getini("stifinder_states") or ()), None)
        trial = trials.get(self.plugin) or trials.setdefault(self.plugin, begin(self.plugin, states=states))
        if trial.stuck:
            pytest.skip(f"not tried, for {trial.stuck} never comes back")
        if found := trial.findings(self.name):
            pytest.fail("\n\n".join(map(str, found)), pytrace=False)


def _promises(config: pytest.Config) -> list[PromiseOf]:
    plugins = config.getoption("--stifinder-plugin") or [config.getini("stifinder_plugin")]
    if plugins == [""]:
        raise pytest.UsageError(
            'Which plugin? Write stifinder_plugin = "NAME" under [tool.pytest.ini_options], '
            "or use --stifinder-plugin NAME."
        )
    from .kit import PROMISES

    return [
        PromiseOf(config, plugin, name, promise.words)
        for plugin in plugins
        for name, promise in PROMISES.items()
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a promise."""
    if FIXTURE in metafunc.fixturenames:
        promises = _promises(metafunc.config)
        metafunc.parametrize(FIXTURE, promises, ids=[f"{p.plugin}-{p.name}" for p in promises])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """With the option and no test about promises, there is one a promise."""
    if config.getoption("--stifinder-plugin") and not any(FIXTURE in fixtures(item) for item in items):
        items.extend(
            PromiseItem.from_parent(session, name=f"{each.plugin}::{each.name}", promise=each)
            for each in _promises(config)
        )


def fixtures(item: pytest.Item) -> Iterator[str]:
    """The names of an item's fixtures."""
    return iter(getattr(item, "fixturenames", ()))


class PromiseItem(pytest.Item):
    """A promise that nobody wrote a test for."""

    def __init__(self, *, promise: PromiseOf, **rest: Any) -> None:
        super().__init__(**rest)
        self.promise = promise

    def runtest(self) -> None:
        """Check it."""
        self.promise.check()

    def reportinfo(self) -> tuple[Any, None, str]:
        """Where it is said to be: nowhere, so under its name."""
        return self.path, None, f"{self.promise.plugin}: {self.promise.words}"
