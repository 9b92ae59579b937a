"""What a plugin may do: the hooks it is written for, the data it reads, and the hosts it talks to.

A plugin says it by the hook ``manifest``; one that says nothing gets ``Manifest()``. An administrator sees it
before switching the plugin on, and it is enforced where hooks are called: what a plugin did not ask for is
not in the situation it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from .people import Profile, Purpose
from .proposals import Situation

INTERFACE = "1.1"
"""Version of the hooks. The second number grows when hooks or fields are added or deprecated, the first when
something that was deprecated for at least one minor version goes."""


class Reads(StrEnum):
    """A part of what is known about the learner for whom a plugin is asked."""

    PROFILE = "profile"
    """Goals, own ratings, preferences and role, as the learner stated them."""
    HISTORY = "history"
    """The learner's events."""
    ESTIMATES = "estimates"
    """Mastery, reviews due, the risk of stopping and the pace."""
    CALENDAR = "calendar"
    """What is coming up and what matters now: signals."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a plugin needs.

    :param about: one sentence for the administrator, in English; the plugin's own catalogue translates it.
    :param interface: the versions of the hooks it works with, as a version specifier (PEP 440).
    :param purposes: the agreed purposes whose data it uses. Without ``Purpose.PEERS`` it is never given other
        learners; a learned model is only brought, and only read, under a purpose named here.
    :param reads: the parts of what is known about the learner that it is given.
    :param hosts: the hosts it talks to, as ``name`` or ``name:port``; none means no network at all.
    :param languages: the languages its texts come in, as two-letter codes.
    """

    about: str = ""
    interface: str = ">=1.0,<2"
    purposes: frozenset[Purpose] = frozenset({Purpose.SUGGESTIONS})
    reads: frozenset[Reads] = frozenset(Reads)
    hosts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)

    def supports(self, interface: str = INTERFACE) -> bool:
        """Whether the plugin says that it works with this version of the hooks.

        :raises ValueError: when ``interface`` of the manifest is no version specifier.
        """
        try:
            return SpecifierSet(self.interface).contains(interface)
        except InvalidSpecifier as error:
            raise ValueError(
                f"{self.interface!r} is no version specifier; write for example '>=1.0,<2'"
            ) from error


def wrong(manifest: object, interface: str = INTERFACE) -> str:
    """Why a plugin with this manifest cannot be used with these hooks; empty when it can."""
    if not isinstance(manifest, Manifest):
        return "its manifest is no stifinder.Manifest"
    named: tuple[tuple[object, type], ...] = ((manifest.purposes, Purpose), (manifest.reads, Reads))
    for values, kind in named:
        if not isinstance(values, frozenset) or not all(isinstance(v, kind) for v in values):
            return f"its manifest names something that is no {kind.__name__}"
    for texts in (manifest.hosts, manifest.languages):
        if not isinstance(texts, tuple) or not all(isinstance(text, str) and text for text in texts):
            return "hosts and languages of its manifest must be tuples of texts"
    try:
        fits = manifest.supports(interface)
    except ValueError as error:
        return f"its manifest's interface: {error}"
    return "" if fits else f"it is written for hooks {manifest.interface}, and these are {interface}"


def own(situation: Situation, plugin: str, settings: Mapping[str, object]) -> Situation:
    """The situation with what belongs to the plugin that is asked: its settings, and what it keeps.

    :param situation: with what all plugins keep, by plugin.
    """
    if not (settings or situation.kept or situation.kept_of_learner):
        return situation
    kept, of_learner = situation.kept.get(plugin, {}), situation.kept_of_learner.get(plugin, {})
    return replace(situation, settings=settings, kept=kept, kept_of_learner=of_learner)


def limited(situation: Situation, manifest: Manifest, purposes: Mapping[str, Purpose]) -> Situation:
    """The situation with what the plugin may read, and nothing else of the person.

    :param purposes: learned model's name to the purpose it serves; others (the blend) belong to the core.
    """
    gone: dict[str, Any] = {}
    if situation.peers and Purpose.PEERS not in manifest.purposes:
        gone |= {"peers": (), "own_ref": ""}
    models = {n: m for n, m in situation.models.items() if purposes.get(n) in manifest.purposes}
    if len(models) < len(situation.models):
        gone["models"] = models
    if Reads.PROFILE not in manifest.reads:
        gone["learner"] = replace(situation.learner, profile=Profile())
    if Reads.HISTORY not in manifest.reads:
        gone["history"] = ()
    if Reads.ESTIMATES not in manifest.reads:
        gone |= {"mastery": {}, "reviews": (), "risk": None, "pace": None}
    if Reads.CALENDAR not in manifest.reads:
        gone["signals"] = ()
    return replace(situation, **gone) if gone else situation
