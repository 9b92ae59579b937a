"""Has a setting that no form can explain."""

from __future__ import annotations

from marshmallow import Schema, fields
from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


class Settings(Schema):
    share = fields.Float(load_default=0.5)


@hookimpl
def settings_schema():
    return Settings


@hookimpl
def candidates(situation: Situation):
    return [Candidate(name, situation.settings["share"], (BECAUSE,)) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
