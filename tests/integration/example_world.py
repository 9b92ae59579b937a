"""Run by an environment with example plugins: finds them by their entry points, switches them on for one
tenant, and asks each hook once.

Prints a JSON object: for each plugin that is not shipped its distribution, its status, the file it was loaded
from, the hooks in which it had something to say, and what failed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points

from stifinder import (
    Activity,
    Catalogue,
    Context,
    Event,
    EventKind,
    Learner,
    Mastery,
    Peer,
    Situation,
    Skill,
    SkillLevel,
)
from stifinder.core.hookspecs import RULES
from stifinder.core.plugin_choices import PluginChoice
from stifinder.core.plugins import GROUP, Plugins

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
NAMES = ("wood", "metal", "glass", "stone")
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//
BEGIN:VEVENT
UID:1
DTSTAMP:20260301T000000Z
SUMMARY:Glass fair
DTSTART:20260305T100000Z
DTEND:20260305T110000Z
END:VEVENT
END:VCALENDAR
"""
SETTINGS = {"calendar-moments": {"calendar": CALENDAR}}
ASKED_OF = {"next_challenge", "plan_path", "form_teams"}
"""Hooks that need an answer of another hook or a request of a person first."""
HOOKS = [h for h, rule in RULES.items() if rule.family != "lifecycle" and h not in ASKED_OF] + [
    "page_sections"
]


def known(**means: float) -> dict[str, Mastery]:
    return {skill: Mastery(skill, m, max(0.0, m - 0.05), min(1.0, m + 0.05), 9) for skill, m in means.items()}


def world() -> tuple[list[Event], Situation]:
    """Everybody's events, and the first learner's situation."""
    skills = {name: Skill(name, "t", name.capitalize()) for name in NAMES}
    activities = tuple(
        Activity(
            n, "t", n, f"How to cut {n}", skills=(SkillLevel(n),), minutes=5, context_ids=("c",), position=p
        )
        for p, n in enumerate(NAMES)
    )
    events = [
        Event(
            f"{learner}/{name}",
            "t",
            f"learner-{learner}",
            EventKind.PASSED,
            NOW - timedelta(days=2 * learner + 1),
            activity_id=name,
            context_id="c",
            skills=(name,),
            success=True,
        )
        for learner in range(8)
        for name in NAMES[: 2 if learner == 0 else 4]
    ]
    situation = Situation(
        now=NOW,
        seed=0,
        minutes=15,
        learner=Learner("learner-0", "t"),
        context=Context("c", "t", "Materials"),
        catalogue=Catalogue("t", "1", activities, skills),
        pool=NAMES,
        history=tuple(event for event in events if event.learner_id == "learner-0"),
        mastery=known(wood=0.9, glass=0.2),
        peers=(Peer("peer-1", known(wood=0.2, glass=0.9)),),
        own_ref="peer-0",
    )
    return events, situation


def main() -> None:
    ours = {e.name: e for e in entry_points(group=GROUP) if e.dist is not None and e.dist.name != "stifinder"}
    switched_on = {name: PluginChoice(settings=SETTINGS.get(name, {})) for name in ours}
    plugins = Plugins().of_tenant("t", switched_on)
    events, situation = world()
    states = {}
    for _, model in plugins.models():
        states[model.name] = model.empty()
        for event in events:
            states[model.name] = model.fold(states[model.name], event)
    situation = replace(situation, models=states)
    said: dict[str, list[str]] = {name: [] for name in ours}
    catalogue = situation.catalogue
    for hook in HOOKS:
        for answered in plugins.collect(
            hook, situation=situation, activity=catalogue.activities[0], skills=catalogue.skills
        ):
            if answered.plugin in said:
                said[answered.plugin].append(hook)
    found = {}
    for row in plugins.describe():
        if row.name in ours:
            health = plugins.isolation.health[row.name]
            found[row.name] = {
                "distribution": row.origin,
                "status": row.status,
                "file": ours[row.name].load().__file__,
                "said": said[row.name],
                "failures": dict(health.failures),
            }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
