"""The interface of plugins changes on purpose only: it is compared with a committed picture of it.

After a change that is meant: ``STIFINDER_REWRITE=1 pytest tests/unit/test_public_surface.py``, a line in the
CHANGELOG, and another ``INTERFACE`` where the change asks for one (CONTRIBUTING.md says when).
"""

from __future__ import annotations

import inspect
import os
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path

import pytest
import stifinder
from stifinder.core.hookspecs import FAMILIES, RULES, Rule

PICTURE = Path(__file__).parent / "public_surface.txt"


def surface() -> str:
    """Everything a plugin can use, a line each: what is exported, with fields, and the hooks, with rules."""
    lines = [f"interface {stifinder.INTERFACE}", ""]
    for name in sorted(stifinder.__all__):
        if name not in ("__version__", "INTERFACE"):
            lines += [*_exported(name, getattr(stifinder, name)), ""]
    for hook, rule in sorted(RULES.items()):
        lines += [f"hook {hook}{_signature(hook)}", f"  {_rule(rule)}"]
    return "\n".join(lines) + "\n"


def _exported(name: str, value: object) -> list[str]:
    if isinstance(value, type) and issubclass(value, Enum):
        return [f"enum {name}", *(f"  {member.name} = {member.value!r}" for member in value)]
    if isinstance(value, type) and is_dataclass(value):
        return [
            f"class {name}",
            *(f"  {_field(field)}" for field in fields(value) if not field.name.startswith("_")),
            *_methods(value),
        ]
    if isinstance(value, type):
        annotations = [f"  {key}: {kind}" for key, kind in inspect.get_annotations(value).items()]
        return [f"class {name}", *annotations, *_methods(value)]
    if callable(value) and inspect.isfunction(value):
        return [f"def {name}{inspect.signature(value)}"]
    return [f"value {name}: {type(value).__name__}"]


def _field(field: object) -> str:
    default = getattr(field, "default", MISSING)
    factory = getattr(field, "default_factory", MISSING)
    optional = default is not MISSING or factory is not MISSING
    return f"{getattr(field, 'name', '')}: {getattr(field, 'type', '')}{' = …' if optional else ''}"


def _methods(kind: type) -> list[str]:
    found = []
    for name, value in sorted(vars(kind).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            found.append(f"  property {name}")
        elif isinstance(value, classmethod | staticmethod):
            found.append(f"  def {name}{inspect.signature(value.__func__)}")
        elif inspect.isfunction(value):
            found.append(f"  def {name}{inspect.signature(value)}")
    return found


def _signature(hook: str) -> inspect.Signature:
    (function,) = (getattr(family, hook) for family in FAMILIES if hasattr(family, hook))
    return inspect.signature(function)


def _rule(rule: Rule) -> str:
    words = [rule.family, "many" if rule.many else "one", "first wins" if rule.first else "all are asked"]
    words += ["also when switched off"] if rule.always else []
    words += [f"since {rule.since}"] if rule.since != "1.0" else []
    words += [f"deprecated since {rule.deprecated}"] if rule.deprecated else []
    return ", ".join(words)


def test_the_interface_of_plugins_is_the_one_in_the_picture() -> None:
    now = surface()
    if os.environ.get("STIFINDER_REWRITE"):
        PICTURE.write_text(now, encoding="utf-8")
    assert now == PICTURE.read_text(encoding="utf-8"), __doc__


def test_a_changed_field_would_show() -> None:
    assert "  peers: tuple[Peer, ...] = …" in surface()
    assert "hook candidates(situation: 'Situation')" in surface().replace('"', "'")


@pytest.mark.parametrize("name", sorted(stifinder.__all__))
def test_everything_public_says_what_it_is(name: str) -> None:
    value = getattr(stifinder, name)
    if isinstance(value, type) or inspect.isfunction(value):
        assert inspect.getdoc(value)
