"""What gets installed: every folder with code, every file beside it, and nothing that was not locked."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
DATA = PROJECT["tool"]["setuptools"]["package-data"]
NOT_INSTALLED = {"tests", "docs", "examples", "benchmarks", "requirements", "build", "dist", "var"}


def folder(package: str) -> Path:
    return ROOT.joinpath(*package.split(".")[1:])


def code_folders() -> set[str]:
    found = set()
    for path in ROOT.rglob("*.py"):
        parts = path.parent.relative_to(ROOT).parts
        if not (NOT_INSTALLED & set(parts[:1])) and not any(part.startswith(".") for part in parts):
            found.add(".".join(("stifinder", *parts)))
    return found


def test_every_folder_with_code_is_in_the_package_list():
    assert code_folders() == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_beside_the_code_is_installed_with_it(package):
    here = folder(package)
    installed = {p for pattern in DATA.get(package, []) for p in here.glob(pattern)}
    if package == "stifinder":
        assert here / "py.typed" in installed
        return
    inner = [folder(p) for p in PACKAGES if p.startswith(f"{package}.")]
    for path in here.rglob("*"):
        belongs_elsewhere = any(path.is_relative_to(other) for other in inner)
        if path.is_file() and not belongs_elsewhere and path.suffix not in (".py", ".pyc"):
            assert path in installed, f"{path.relative_to(ROOT)} matches no pattern of package-data"


def test_the_public_surface_is_light_to_import():
    heavy = ["flask", "sqlalchemy", "numpy", "scipy", "marshmallow", "cryptography", "requests", "fsrs"]
    code = f"import sys, stifinder; print(*(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def locked(name: str) -> dict[str, str]:
    """Name to the line of a lock file, with markers; checks that each has a hash."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    entries = re.findall(
        r"^([A-Za-z0-9_.-]+)(?:\[[a-z,-]+\])?==(.+?)((?:\n    --hash=sha256:[0-9a-f]{64}.*)*)$", text, re.M
    )
    assert len(entries) == len(re.findall(r"^[A-Za-z]", text, re.M))
    assert all(hashes for _, _, hashes in entries)
    return {entry.lower(): version for entry, version, _ in entries}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower() for requirement in requirements}


def test_the_locks_cover_what_the_project_needs_and_agree_with_each_other():
    run, dev = locked("run.txt"), locked("dev.txt")
    assert names(PROJECT["project"]["dependencies"]) <= set(run)
    assert names(PROJECT["project"]["optional-dependencies"]["dev"]) <= set(dev)
    assert "setuptools" in run  # the editable install builds without fetching anything
    assert {name: version.split(" ")[0] for name, version in run.items()}.items() <= {
        name: version.split(" ")[0] for name, version in dev.items()
    }.items()


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_the_locks_name_no_registry(name):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text


def test_the_licence_is_the_one_the_project_names():
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_make_without_a_target_lists_the_targets():
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "check", "bench"):
        assert f"make {target}" in shown
