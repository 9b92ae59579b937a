"""What holds in every situation, for every hook: tried with those that Hypothesis thinks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from ...core.answers import usable
from ...core.hookspecs import RULES
from ...core.isolation import Unusable
from ...core.plans import Plan
from ...core.proposals import Candidate, Challenge, PeerMatch, Reason, Situation
from .trial import Broken, Raised, Trial, in_every_situation

READABLE = 240
"""Characters of a reason."""


# The first one, for the others ask in the same situation, and would find it changed already.
@in_every_situation(
    "inputs-unchanged",
    "A hook changes nothing that it is given.",
    "Copy before you change: sorted(…) instead of .sort(), dict(…) before you add.",
)
def _inputs_unchanged(trial: Trial, situation: Situation, hook: str) -> None:
    models = [m for m in trial.subject.models() if m.name in situation.models]
    before = _pictures(situation)
    states = {m.name: m.dump(situation.models[m.name]) for m in models}
    trial.ask(hook, situation)
    after = _pictures(situation)
    if changed := [name for name, picture in before.items() if picture != after[name]]:
        raise Broken(f"situation.{changed[0]} was changed")
    for model in models:
        if model.dump(situation.models[model.name]) != states[model.name]:
            raise Broken(f"the state of model {model.name!r} was changed")


def _pictures(situation: Situation) -> dict[str, str]:
    """What each part of the situation holds: as words, for not every part can be copied."""
    return {f.name: repr(getattr(situation, f.name)) for f in fields(situation) if f.name != "models"}


@in_every_situation(
    "never-raises",
    "No input makes a hook raise.",
    "Handle what is empty or unknown; answer with an empty list (or None) when there is nothing to say.",
)
def _never_raises(trial: Trial, situation: Situation, hook: str) -> None:
    try:
        trial.ask(hook, situation)
    except Raised as error:
        raise Broken(str(error)) from error


@in_every_situation(
    "answers-fit",
    "Answers have the type and the ranges of their hook.",
    "Read the hook's page for the type, and clamp numbers to their range.",
)
def _answers_fit(trial: Trial, situation: Situation, hook: str) -> None:
    answer = trial.ask(hook, situation)
    try:
        usable(RULES[hook], answer)
    except Unusable as error:
        raise Broken(str(error)) from error


@in_every_situation(
    "only-what-it-was-given",
    "Answers name only what is in the situation: nothing of another tenant, nothing that is not there.",
    "Answer from the situation you are given; keep nothing of a former one in module variables.",
)
def _only_given(trial: Trial, situation: Situation, hook: str) -> None:
    trial.ask(hook, trial.ordinary)  # of another tenant
    strange = sorted(set(_named(hook, trial.ask(hook, situation), situation)))
    if strange:
        raise Broken(f"it names {', '.join(strange[:3])}, which is not in the situation")


def _named(hook: str, answer: Any, situation: Situation) -> Iterator[str]:
    """Ids in an answer that the situation does not have."""
    pool, skills = frozenset(situation.pool), situation.catalogue.skills
    activities = situation.catalogue.by_id
    refs = {p.ref for p in situation.peers}
    for each in answer if isinstance(answer, list | tuple) else (answer,):
        if isinstance(each, Candidate | Challenge) and each.activity_id not in pool:
            yield each.activity_id
        if isinstance(each, PeerMatch) and each.ref not in refs:
            yield each.ref
        if isinstance(each, Plan):
            yield from (s.activity_id for s in each.steps if s.activity_id and s.activity_id not in pool)
        if hook == "form_teams":
            yield from (ref for ref in getattr(each, "refs", ()) if ref not in refs)
        if hook == "tag_activity":
            yield from (s.skill_id for s in getattr(each, "skills", ()) if s.skill_id not in skills)
        for reason in _reasons(each):
            yield from (
                str(value)
                for value in reason.values.values()
                if isinstance(value, str)
                and value.startswith("tenant-")
                and value not in activities
                and value not in skills
                and not value.startswith(situation.learner.tenant_id)
            )
        skill = getattr(each, "skill_id", "")
        if skill and skill.startswith("tenant-") and not skill.startswith(situation.learner.tenant_id):
            yield skill


@in_every_situation(
    "same-answer",
    "The same situation, with the same seed, has the same answer.",
    "Take chance from random.Random(situation.seed), time from situation.now; sort sets before use.",
)
def _same_answer(trial: Trial, situation: Situation, hook: str) -> None:
    first = trial.ask(hook, situation)
    for _ in range(3):
        if trial.ask(hook, situation) != first:
            raise Broken("two calls with the same situation answered differently")


@in_every_situation(
    "explained",
    "What is proposed has a reason that a person can read.",
    "Give each Candidate a Reason(message('Because …')), one short sentence; name things by its values.",
)
def _explained(trial: Trial, situation: Situation, hook: str) -> None:
    answer = trial.ask(hook, situation)
    for each in answer if isinstance(answer, list | tuple) else (answer,):
        if isinstance(each, Candidate) and not each.reasons and not each.abstains:
            raise Broken("a Candidate has no reason")
        for reason in _reasons(each):
            said = _said(reason)
            if len(reason.text) > READABLE:
                raise Broken(f"a reason has {len(reason.text)} characters; {READABLE} are read at a glance")
            if "tenant-" in said or "learner-" in said:
                raise Broken(f"a reason shows an id: {said!r}")


def _said(reason: Reason) -> str:
    """The sentence without the names in it, which are the catalogue's."""
    values = {k: "" if isinstance(v, str) else v for k, v in reason.values.items()}
    try:
        return reason.text % values
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(f"the values of the reason {reason.text!r} do not fit its words: {error}") from error


def _reasons(answer: Any) -> Sequence[Reason]:
    found = [*getattr(answer, "reasons", ()), getattr(answer, "reason", None)]
    return [r for r in found if isinstance(r, Reason)]
