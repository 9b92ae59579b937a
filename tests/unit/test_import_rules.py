"""Who may import whom: import-linter's contracts, and that plugins use nothing but the public surface."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import stifinder

ROOT = Path(stifinder.__file__).parent
PLUGIN_FILES = sorted((ROOT / "plugins").rglob("*.py"))


def forbidden_imports(source: str, package: str) -> list[str]:
    """What a plugin module imports from Stifinder beyond the public surface and its own neighbours.

    :param package: the package the module is in, such as ``stifinder.plugins``.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found += [name for name in names if name.split(".")[0] == "stifinder" and name != "stifinder"]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            if module == "stifinder":
                found += [a.name for a in node.names if a.name not in stifinder.__all__]
            elif module.startswith("stifinder.") and not module.startswith("stifinder.plugins"):
                found.append(module)
            elif node.level and not module:
                found.append("beyond the package")
    return found


def test_the_contracts_between_the_folders_are_kept():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_there_are_plugins_to_check():
    assert len(PLUGIN_FILES) > 1


@pytest.mark.parametrize("path", PLUGIN_FILES, ids=lambda path: path.stem)
def test_a_shipped_plugin_imports_only_what_strangers_get(path):
    package = ".".join(["stifinder", *path.relative_to(ROOT).parent.parts])
    assert forbidden_imports(path.read_text(encoding="utf-8"), package) == []


@pytest.mark.parametrize(
    "source",
    [
        "from ..core.people import Learner",
        "from ..core import people",
        "from .. import core",
        "from .. import lab",
        "import stifinder.core.people",
        "from stifinder.adapters import sandbox",
        "def f():\n    from ..schemas import catalogue",
        "from ... import anything",
    ],
)
def test_the_check_sees_a_forbidden_import(source):
    assert forbidden_imports(source, "stifinder.plugins")


@pytest.mark.parametrize(
    "source",
    [
        "from .. import hookimpl, Activity",
        "from .counts import x",
        "import numpy",
        "from stifinder import Tags",
    ],
)
def test_the_check_lets_allowed_imports_pass(source):
    assert forbidden_imports(source, "stifinder.plugins") == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core/errors.py", "from ..schemas import catalogue"),
        ("schemas/catalogue_row.py", "from ..adapters import sandbox"),
        ("plugins/__init__.py", "from ..core import people"),
        ("adapters/__init__.py", "from ..lti_tool import cli"),
        ("lab/__init__.py", "from ..lti_tool import cli"),
        ("lti_tool/app.py", "from ..lab import laws"),
    ],
)
def test_the_contracts_catch_an_import_that_breaks_them(tmp_path, module, line):
    package = tmp_path / "stifinder"
    for path in ROOT.glob("*/**/*.py"):
        where = path.relative_to(ROOT)
        if where.parts[0] in ("core", "schemas", "plugins", "adapters", "lab", "lti_tool"):
            (package / where).parent.mkdir(parents=True, exist_ok=True)
            (package / where).write_bytes(path.read_bytes())
    (package / "__init__.py").write_bytes((ROOT / "__init__.py").read_bytes())
    with (package / module).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    run = (  # importlib finds the copy in the working directory before the installed package
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports;"
        f"sys.exit(lint_imports(config_filename={str(ROOT / 'pyproject.toml')!r}, no_cache=True))"
    )
    done = subprocess.run([sys.executable, "-c", run], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "1 broken" in done.stdout, done.stdout + done.stderr
