"""Lifecycle: set up, bring models, forget a person, add to the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..jobs import Job
from ..learned import LearnedModel
from ..manifests import Manifest
from ..proposals import PageSection, Situation
from . import rule


@rule("lifecycle", Manifest, milliseconds=2000, always=True)
def manifest() -> Manifest:  # type: ignore[empty-body]
    """Say what the plugin needs: purposes, data, hosts, languages, and which hooks it is written for."""


@rule("lifecycle", type, milliseconds=2000, always=True)
def settings_schema() -> type:  # type: ignore[empty-body]
    """Bring the marshmallow schema class of this plugin's settings; a tenant can then set them on a page."""


@rule("lifecycle", type(None), milliseconds=2000, always=True)
def configure(settings: Mapping[str, object]) -> None:
    """Receive this plugin's own table of settings, once, before most hooks; raise ValueError if wrong."""


@rule("lifecycle", LearnedModel, many=True, milliseconds=2000, always=True)
def learned_models() -> Sequence[LearnedModel]:  # type: ignore[empty-body]
    """Bring learned models; the core stores them, folds events into them and subtracts people from them."""


@rule("lifecycle", Job, many=True, milliseconds=2000, always=True, since="1.1")
def jobs() -> Sequence[Job]:  # type: ignore[empty-body]
    """Bring work to be done beside the pages, again and again, once for each tenant that uses the plugin."""


@rule("lifecycle", int, milliseconds=5000, always=True)
def learner_forgotten(tenant_id: str, learner_id: str) -> int:  # type: ignore[empty-body]
    """Remove what the plugin itself keeps of this learner and say how many records went; 0 when none."""


@rule("lifecycle", PageSection, many=True)
def page_sections(situation: Situation) -> Sequence[PageSection]:  # type: ignore[empty-body]
    """Add small boxes to the learner page; all are collected, at most three are shown."""
