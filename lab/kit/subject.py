"""The plugin that is checked: found by name, module, folder or wheel, and its hooks."""

from __future__ import annotations

import importlib
import sys
import tomllib
import zipfile
from collections.abc import Callable
from configparser import ConfigParser
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pluggy

from ...core.errors import InvalidInput
from ...core.hookspecs import FAMILIES, PROJECT, RULES
from ...core.learned import LearnedModel
from ...core.manifests import Manifest
from ...core.plugins import GROUP
from .patience import watched


@dataclass(frozen=True)
class Subject:
    """A plugin under examination.

    :param plugin: the module or object with the hooks.
    :param hooks: hook to its function and the names of the arguments it takes.
    """

    name: str
    plugin: Any
    hooks: dict[str, tuple[Callable[..., Any], tuple[str, ...]]]
    unknown: tuple[str, ...]

    def ask(self, hook: str, **arguments: Any) -> Any:
        """Call the hook with those of the arguments that it takes.

        :raises NeverEnded: when it does not come back.
        """
        function, names = self.hooks[hook]
        with watched(hook):
            return function(**{name: arguments[name] for name in names})

    def manifest(self) -> Manifest:
        """What it says it needs; the usual when it says nothing, or nothing that can be read."""
        try:
            said = self.ask("manifest") if "manifest" in self.hooks else None
        except Exception:  # noqa: BLE001  (another promise is about that)
            said = None
        return said if isinstance(said, Manifest) else Manifest()

    def models(self) -> tuple[LearnedModel, ...]:
        """Its learned models; none when it cannot say."""
        try:
            return tuple(self.ask("learned_models") or ()) if "learned_models" in self.hooks else ()
        except Exception:  # noqa: BLE001  (another promise is about that)
            return ()


def of(name: str, plugin: Any) -> Subject:
    """Look at a module or object."""
    manager = pluggy.PluginManager(PROJECT)
    for family in FAMILIES:
        manager.add_hookspecs(family)
    marked = [a for a in dir(plugin) if manager.parse_hookimpl_opts(plugin, a) is not None]
    known = [hook for hook in marked if hook in RULES]
    manager.register(plugin, name=name)
    found = {
        hook: (each.function, tuple(each.argnames))
        for hook in known
        for each in getattr(manager.hook, hook).get_hookimpls()
    }
    return Subject(name, plugin, found, tuple(a for a in marked if a not in RULES))


def find(what: str) -> Subject:
    """Find a plugin by its name, its distribution, ``module[:object]``, folder with pyproject.toml, or wheel.

    :raises InvalidInput: when there is none, or it cannot be loaded; says what was looked for.
    """
    path = Path(what)
    if path.is_dir():
        return _load(*_from_folder(path))
    if path.suffix == ".whl":
        return _load(*_from_wheel(path))
    installed = [e for e in entry_points(group=GROUP) if what in (e.name, e.dist.name if e.dist else "")]
    if installed:
        return _load(installed[0].name, installed[0].value)
    if "." in what or ":" in what or "/" not in what:
        return _load(what.partition(":")[2] or what.rpartition(".")[2], what)
    raise InvalidInput(
        f"There is no plugin {what!r}.", "Give a name that `stifinder plugins` lists, or a folder."
    )


def _load(name: str, spec: str) -> Subject:
    module, _, attribute = spec.partition(":")
    try:
        loaded = importlib.import_module(module.strip())
        plugin = getattr(loaded, attribute.strip()) if attribute else loaded
    except Exception as error:
        raise InvalidInput(
            f"The plugin {name!r} could not be loaded: {type(error).__name__}: {error}",
            "Give a name that `stifinder plugins` lists, a folder, a wheel or a module.",
        ) from error
    return of(name, plugin)


def _from_folder(path: Path) -> tuple[str, str]:
    file = path / "pyproject.toml"
    if not file.is_file():
        raise InvalidInput(f"{path} has no pyproject.toml.", "Give the folder that has it.")
    project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    entries = project.get("entry-points", {}).get(GROUP, {})
    for source in (path / "src", path):
        if source.is_dir() and str(source.resolve()) not in sys.path:
            sys.path.insert(0, str(source.resolve()))
    return _only(str(path), entries)


def _from_wheel(path: Path) -> tuple[str, str]:
    if not zipfile.is_zipfile(path):
        raise InvalidInput(f"{path} is no wheel.", "Build one with `python -m build`.")
    with zipfile.ZipFile(path) as wheel:
        names = [n for n in wheel.namelist() if n.endswith(".dist-info/entry_points.txt")]
        text = wheel.read(names[0]).decode() if names else ""
    parser = ConfigParser(delimiters=("=",))
    parser.read_string(text)
    sys.path.insert(0, str(path.resolve()))
    return _only(str(path), dict(parser[GROUP]) if parser.has_section(GROUP) else {})


def _only(where: str, entries: dict[str, str]) -> tuple[str, str]:
    if len(entries) != 1:
        raise InvalidInput(
            f"{where} announces {len(entries)} plugins in the group {GROUP!r}, not one.",
            f'Add [project.entry-points."{GROUP}"] with one line, or check each by its name once installed.',
        )
    ((name, spec),) = entries.items()
    return name, spec
