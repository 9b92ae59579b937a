"""Names for sets of plugins, and plugins that the clocks of this machine do not change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...core.errors import ConfigurationError, NotFound
from ...core.plugins import Described, Plugins
from ..patience import Patient

SHIPPED = "shipped"
WITHOUT = "without:"
BASELINES = {
    "fixed-order": "the course from start to end, as an LMS shows it; no plugin at all",
    "random": "any undone activity of the course, by lot",
}


@dataclass(frozen=True)
class Available:
    """What strategies can be made of.

    :param load: further plugins as ``module`` or ``module:object``.
    :param disable: installed plugins that are not used.
    :param settings: plugin name to its settings.
    :param apart: those of ``load`` that are no part of ``shipped``.
    """

    load: tuple[str, ...] = ()
    disable: frozenset[str] = frozenset()
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()

    def plugins(self, name: str) -> Plugins:
        """The plugins of a strategy.

        ``shipped`` is what is installed; a plugin's name is its votes alone, beside the estimates of
        all; ``a+b`` are the votes of both; ``without:a`` is everything but it. ``BASELINES`` use no plugin.

        :raises NotFound: when there is no such plugin; says which there are.
        :raises ConfigurationError: when a plugin that is asked for by name was refused; says why.
            One that comes with ``shipped`` is left out then, as it is in production.
        """
        if name in BASELINES:
            load = [f"{__package__}.chance"] if name == "random" else []
            return Plugins(load=load, discover=False, isolation=Patient())
        rows = {row.name: row for row in self._every().describe()}
        loaded = {_called(spec) for spec in self.apart}
        if name.startswith(WITHOUT):
            named = _known([name.removeprefix(WITHOUT)], rows)
            wanted = rows.keys() - loaded - set(named)
        else:
            named = _known([part for part in name.split("+") if part != SHIPPED], rows)
            wanted = self._wanted(SHIPPED in name.split("+"), named, rows, loaded)
            _refused(rows[n] for n in named)
        return Plugins(
            load=[spec for spec in self.load if _called(spec) in wanted],
            disable=self.disable | {n for n in rows if n not in wanted},
            settings={n: s for n, s in self.settings.items() if n in wanted and n in rows},
            isolation=Patient(),
        )

    def _every(self) -> Plugins:
        return Plugins(load=self.load, disable=self.disable, settings=self.settings, isolation=Patient())

    @staticmethod
    def _wanted(shipped: bool, named: list[str], rows: Mapping[str, Described], loaded: set[str]) -> set[str]:
        installed = rows.keys() - loaded
        if shipped:
            return installed | set(named)
        # A plugin that does not vote is tried alone, in the course's order: so that its own part is seen.
        votes = any("candidates" in rows[n].hooks for n in named)
        estimating = {n for n in installed if "candidates" not in rows[n].hooks}
        return set(named) | (estimating if votes else set())


def _refused(rows: Iterable[Described]) -> None:
    for row in rows:
        if row.status.startswith("refused"):
            raise ConfigurationError(
                f"The plugin {row.name!r} cannot be used: {row.status}.", "Mend it, or leave it out."
            )


def _called(spec: str) -> str:
    """The name that ``Plugins`` gives to what is loaded by ``module`` or ``module:object``."""
    module, _, attribute = spec.partition(":")
    return attribute or module.rpartition(".")[2]


def _known(names: Iterable[str], rows: Mapping[str, Described]) -> list[str]:
    """The names, when all of them are there and not disabled."""
    found = list(names)
    usable = [n for n, row in rows.items() if row.status != "disabled"]
    for name in found:
        if name not in usable:
            raise NotFound(
                f"There is no plugin {name!r}.",
                f"There are: {', '.join(sorted(usable))}. Strategies are also {SHIPPED}, "
                f"{', '.join(BASELINES)}, names joined by +, and {WITHOUT}NAME. "
                "A plugin that is not installed: --load MODULE.",
            )
    return found
