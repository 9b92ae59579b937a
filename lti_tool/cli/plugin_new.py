"""``stifinder plugin new``: a small plugin of a kind, that works and passes its own tests."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ... import __version__
from ...core.errors import ConfigurationError, Conflict, InvalidInput
from ...core.plugins import Plugins

SCAFFOLD = Path(__file__).parents[1] / "scaffold"
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
"""A distribution's name (PEP 508)."""
LONGEST_NAME, LONGEST_AUTHOR = 60, 200
LICENCES: Mapping[str, str] = MappingProxyType(
    {"apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause"}
)
"""What can be chosen, and its SPDX identifier."""
BASE = "Catalogue, Context, Learner, Situation"
KINDS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "spacing": (
            "Doubles the days between reviews with each right answer.",
            "schedule_reviews",
            f"Event, EventKind, {BASE}",
        ),
        "recommender": (
            "Votes for short activities on what is known least.",
            "candidates",
            f"Activity, Mastery, SkillLevel, {BASE}",
        ),
        "tagger": (
            "Tags activities with the skills that their text names.",
            "tag_activity",
            "Activity, Skill",
        ),
        "peer-matching": (
            "Proposes people who are ahead where the learner is not, and the other way round.",
            "match_peers",
            f"Mastery, Peer, {BASE}",
        ),
        "gamification": (
            "Gives an award for coming back to a skill on different days.",
            "award",
            f"Event, EventKind, {BASE}",
        ),
        "context": (
            "Makes a learner's goals matter more when their own date comes near.",
            "context_signals",
            f"Profile, Skill, {BASE}",
        ),
        "adapter": (
            "Reads what is coming up from a file that another system writes.",
            "context_signals",
            f"Skill, {BASE}",
        ),
    }
)
"""Kind to what its plugin does, the hook it implements, and what its test imports."""


@click.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What it is to do.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where its folder is made [default: here].",
)
@click.option(
    "--license",
    "licence",
    type=click.Choice(list(LICENCES)),
    default="apache-2.0",
    show_default=True,
    help="Under which others may use it.",
)
@click.option("--author", help="Who holds the copyright [default: the authors of NAME].")
def new(name: str, kind: str, folder: Path, licence: str, author: str | None) -> None:
    """Write a plugin that works, in a folder of its own.

    \b
        stifinder plugin new short-first --kind recommender
        stifinder demo --with ./short-first
    """
    module = module_of(name)
    free(name, module)
    made = write(folder, name, module, kind, licence, " ".join((author or f"the authors of {name}").split()))
    click.echo(
        f"Wrote {made}. See it at work:\n    stifinder demo --with {made}\nTest it:\n"
        f"    cd {made} && pip install -e '.[test]' && pytest"
    )


def module_of(name: str) -> str:
    """The module of a plugin of this name.

    :raises InvalidInput: when it can be no distribution's or no module's name.
    """
    module = re.sub(r"[-.]", "_", name).lower()
    usable = NAME.fullmatch(name) and module.isidentifier() and not keyword.iskeyword(module)
    if not usable or len(name) > LONGEST_NAME:
        raise InvalidInput(
            f"{name!r} cannot be the name of a plugin.",
            "Begin with a letter; letters, digits and hyphens may follow, like short-first "
            f"({LONGEST_NAME} at most).",
        )
    return module


def free(name: str, module: str) -> None:
    """Make sure that nothing installed has this name.

    :raises Conflict: when something has.
    """
    cure = "Choose another name, such as one with your own before it: acme-" + name
    if module in {re.sub(r"[-.]", "_", each).lower() for each in Plugins.names()}:
        raise Conflict(f"There is a plugin called {name!r} already.", cure)
    if importlib.util.find_spec(module) is not None:
        raise Conflict(f"There is a Python module called {module!r} already.", cure)


def write(folder: Path, name: str, module: str, kind: str, licence: str, author: str) -> Path:
    """Write the package; all of it or nothing.

    :returns: its folder.
    :raises Conflict: when the folder exists.
    :raises InvalidInput: when the author's name is too long.
    :raises ConfigurationError: when it cannot be written.
    """
    if len(author) > LONGEST_AUTHOR:
        raise InvalidInput(
            f"--author has {len(author)} characters; {LONGEST_AUTHOR} are the most.", "Shorten it."
        )
    target = folder / name
    if target.exists():
        raise Conflict(f"{target} exists already.", "Choose another name or --folder; nothing was changed.")
    files = _files(name, module, kind, licence, author)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{module}-") as parent:
            fresh = Path(parent) / name
            for path, text in files.items():
                file = fresh / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
            shutil.move(fresh, target)
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written: {error.strerror}.", "Choose another with --folder."
        ) from error
    return target


def _files(name: str, module: str, kind: str, licence: str, author: str) -> dict[str, str]:
    """Path to text of each file."""
    templates = Environment(
        loader=FileSystemLoader(SCAFFOLD),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    about, hook, names = KINDS[kind]
    values: dict[str, object] = {
        "name": name,
        "module": module,
        "kind": kind,
        "about": about,
        "hook": hook,
        "names": ", ".join(sorted(names.split(", "))),
        "author": author,
        "year": datetime.now(UTC).year,
        "spdx": LICENCES[licence],
        "stifinder": __version__,
        "schema": kind == "adapter",
        "behaviour": (SCAFFOLD / f"kinds/{kind}.test.jinja").read_text(encoding="utf-8").rstrip("\n"),
    }

    def made(template: str) -> str:
        return templates.get_template(template).render(values)

    return {
        "pyproject.toml": made("pyproject.toml.jinja"),
        "README.md": made("README.md.jinja"),
        "LICENSE": made(f"licences/{licence}.txt"),
        ".github/workflows/check.yml": made("check.yml.jinja"),
        f"src/{module}.py": made(f"kinds/{kind}.py.jinja"),
        f"tests/test_{module}.py": made("test.py.jinja"),
    }
