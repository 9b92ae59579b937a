"""Cooperative quests: so many activities that the people of a course reach together in a week.

No ranking, no names, no days in a row, nothing lost: what was not reached is not spoken of. The goal follows
from how many took part in the four weeks before, so it stands still while the week runs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from marshmallow import Schema, fields, validate
from stifinder import (
    Award,
    Event,
    EventKind,
    Manifest,
    PageSection,
    Purpose,
    Reads,
    Reason,
    Situation,
    hookimpl,
    message,
)

DONE = frozenset({EventKind.COMPLETED, EventKind.PASSED})
BEFORE = 4
"""Weeks that say how many take part."""
LEAST = 5
"""With fewer people a sum would say too much of each."""

Done = set[tuple[str, str]]  # learner and activity
State = dict[tuple[str, str], Done]  # course and week


def week(at: datetime) -> str:
    """The ISO week, such as "2026-W10"."""
    year, number, _ = at.isocalendar()
    return f"{year}-W{number:02}"


class QuestModel:
    """Who did what in which week of which course: a set, so what comes twice counts once."""

    name = "quests"
    version = 1
    purpose = Purpose.SHARED_MODELS

    def empty(self) -> State:
        return {}

    def fold(self, state: State, event: Event) -> State:
        if event.kind in DONE and event.success is not False and event.activity_id and event.context_id:
            done = state.setdefault((event.context_id, week(event.at)), set())
            done.add((event.learner_id, event.activity_id))
        return state

    def merge(self, state: State, other: State) -> State:
        return {key: state.get(key, set()) | other.get(key, set()) for key in state.keys() | other.keys()}

    def subtract(self, state: State, learner_id: str) -> State:
        others = {key: {d for d in done if d[0] != learner_id} for key, done in state.items()}
        return {key: done for key, done in others.items() if done}

    def dump(self, state: State) -> bytes:
        return json.dumps([[*key, sorted(done)] for key, done in sorted(state.items())]).encode()

    def load(self, data: bytes) -> State:
        try:
            return {(str(c), str(w)): {(str(p), str(a)) for p, a in done} for c, w, done in json.loads(data)}
        except TypeError as error:
            raise ValueError("this is no state of quests") from error


class SettingsSchema(Schema):
    """What an organisation can set; the administration page makes its form from this."""

    each = fields.Integer(
        strict=True,
        load_default=2,
        validate=validate.Range(1, 20),
        metadata={
            "title": message("Activities for each person"),
            "description": message(
                "The week’s goal is this many for each who took part in the weeks before."
            ),
        },
    )


def quest(situation: Situation, at: datetime) -> tuple[int, int] | None:
    """What is done and what is the goal in the week of this moment; None when there is no quest."""
    state, course = situation.models.get(QuestModel.name), situation.context.id
    if not isinstance(state, dict):
        return None
    before = (state.get((course, week(at - timedelta(weeks=n))), ()) for n in range(1, BEFORE + 1))
    people = len({learner for done in before for learner, _ in done})
    if people < LEAST:
        return None
    each = situation.settings.get("each", 2)
    assert isinstance(each, int)  # the schema says so
    return len(state.get((course, week(at)), ())), people * each


@hookimpl
def manifest() -> Manifest:
    """It counts only people who agreed to count in models that serve others, too."""
    return Manifest(
        about=message(
            "Shows what the people of a course reach together in a week; it ranks and names nobody."
        ),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.HISTORY}),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return SettingsSchema


@hookimpl
def learned_models() -> Sequence[QuestModel]:
    return [QuestModel()]


@hookimpl
def page_sections(situation: Situation) -> Sequence[PageSection]:
    """How far this week's quest is."""
    if (found := quest(situation, situation.now)) is None:
        return ()
    done, goal = found
    if done >= goal:
        text = message("Reached: %(done)d activities in this course this week, by all of you.")
    else:
        text = message("%(done)d of %(goal)d activities are done in this course this week, by all of you.")
    return [PageSection(message("Together this week"), (text,), values={"done": done, "goal": goal})]


@hookimpl
def award(situation: Situation) -> Sequence[Award]:
    """For everybody who did something in a week, this one or the last, in which the goal was reached."""
    awards = []
    for at in (situation.now, situation.now - timedelta(weeks=1)):
        mine = [e for e in situation.history if e.kind in DONE and e.context_id == situation.context.id]
        mine = [e for e in mine if e.success is not False and week(e.at) == week(at)]
        found = quest(situation, at)
        if mine and found and found[0] >= found[1]:
            why = message(
                "Because your course reached its goal of %(goal)d activities, and you had a part in it."
            )
            reason = Reason(why, {"goal": found[1]}, (mine[0].id,), frozenset({"statements", "group"}))
            key = f"quest-{situation.context.id}-{week(at)}"
            awards.append(Award(key, message("A goal reached together"), reason))
    return awards
