"""Plugins that a demo takes from the folder of their source, and the look at whether a file was saved.

A plugin counts as installed while the demo runs: what its pyproject.toml says of it lies in a temporary
folder where Python looks for installed distributions. Nothing is built, and none of its code is run for that.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from ...core.errors import ConfigurationError
from ...core.plugins import GROUP

LEFT_OUT = frozenset({"__pycache__", "build", "dist", "node_modules"})
"""Folders, besides hidden ones, in which nobody edits a plugin."""


def install(folders: Sequence[Path], into: Path) -> tuple[list[str], list[str]]:
    """Let Python find the plugins of these folders.

    :param into: an empty folder.
    :returns: the plugins' names, and what is wrong with folders that were left out.
    :raises ConfigurationError: for a folder without a pyproject.toml.
    """
    names: list[str] = []
    problems: list[str] = []
    for number, folder in enumerate(folders):
        file = folder / "pyproject.toml"
        if not file.is_file():
            raise ConfigurationError(
                f"{folder} has no pyproject.toml.",
                "Give the folder of a plugin: stifinder plugin new makes one.",
            )
        try:
            project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
            name, version = str(project["name"]), str(project.get("version", "0"))
            announced = {str(k): str(v) for k, v in project["entry-points"][GROUP].items()}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"{file}: {error}")
            continue
        except (KeyError, TypeError, AttributeError):
            problems.append(f'{file}: it has no name, or no [project.entry-points."{GROUP}"] with a plugin')
            continue
        info = into / f"with_{number}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
        )
        lines = "".join(f"{key} = {value}\n" for key, value in announced.items())
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}", encoding="utf-8")
        source = folder / "src"
        sys.path.insert(0, str(source if source.is_dir() else folder))
        names += announced
    sys.path.insert(0, str(into))
    return names, problems


def saved(folders: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """File to the time and size it was saved with, of everything that somebody may edit."""
    found: dict[str, tuple[int, int]] = {}
    for folder in folders:
        for here, inner, files in os.walk(folder):
            inner[:] = [n for n in inner if not n.startswith(".") and n not in LEFT_OUT]
            for name in files:
                if name.startswith(".") or name.endswith(("~", ".pyc")):
                    continue
                path = os.path.join(here, name)
                try:
                    stat = os.stat(path)
                except FileNotFoundError:  # an editor's own file, gone again
                    continue
                found[path] = (stat.st_mtime_ns, stat.st_size)
    return found
