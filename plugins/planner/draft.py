"""The steps that a skill needs before it is likely to be known, from the activities there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ... import Activity, Goal, Level, Reason, Situation, StepKind, message
from .beliefs import Beliefs, Settings, explains
from .wanted import Wanted

UNKNOWN_MINUTES = 20
LEVEL_OF_NEEDS = Level.INTERMEDIATE
RESULTS = frozenset({"statements"})
BOTH = frozenset({"statements", "catalogue"})

TEACHES = message("Because it teaches %(skill)s, which you want to reach.")
BEFORE = message("Because it teaches %(skill)s, and %(skill_after)s builds on that.")
OPENS = message("Because %(activity)s asks for it first.")
SHOWS = message("Because what you learned about %(skill)s is still to be shown.")
WEAK = message("Because %(skill)s is not firm yet.")
FAILED = message("Because your latest try on %(skill)s went badly.")
AGAIN = message("Because it went badly before, and %(skill)s is not firm yet.")
OTHERWISE = message(
    "Because %(tries)d tries on %(skill)s in a row went badly, and this explains it another way."
)
CHECK = message("Because you may know %(skill)s already: if this goes well, the rest on it falls away.")


TEACH_BELOW = 0.5
"""Below this expected result a lesson comes before practice."""


def minutes(activity: Activity) -> int:
    """What an activity needs, at least 1."""
    return activity.minutes or UNKNOWN_MINUTES


@dataclass(frozen=True, slots=True)
class Draft:
    """A step that has no day yet."""

    kind: StepKind
    activity: Activity
    skill: str
    reasons: tuple[Reason, ...]


class Drafter:
    """Makes the steps, skill by skill; remembers what is planned, because an activity may treat several."""

    def __init__(
        self,
        situation: Situation,
        goal: Goal,
        pool: Sequence[Activity],
        beliefs: Beliefs,
        wanted: Wanted,
        settings: Settings,
    ) -> None:
        self.beliefs = beliefs
        self.wanted = wanted
        self.settings = settings
        self.profile = situation.learner.profile
        self.by_id = {activity.id: activity for activity in pool}
        self.levels = {entry.skill_id: entry.level for entry in goal.skills}
        self.of_skill: dict[str, list[Activity]] = {}
        for activity in pool:
            for entry in activity.skills:
                if entry.level <= self.levels.get(entry.skill_id, LEVEL_OF_NEEDS):
                    self.of_skill.setdefault(entry.skill_id, []).append(activity)
        self.planned: dict[str, Draft] = {}
        self.expected: dict[str, float] = {}

    def level(self, skill: str) -> float:
        """The expected result on a skill once what is planned is done, 0..1."""
        return self.expected.get(skill, self.beliefs.expected(skill))

    def steps(self, skill: str, target: float, *, again: bool = False) -> list[Draft]:
        """The steps that bring one skill to its target, with those that their activities ask for first.

        :param again: whether it had its turn before: what a test or a failure asks for is planned already.
        """
        if target <= 0:
            return []
        fresh: list[Draft] = []
        failures = [] if again else self.beliefs.failures(skill)
        stuck = len(failures) >= 2 and not self.beliefs.explained_since(skill, failures[0].at)
        if stuck and (other := self._other_way(skill, {f.activity_id for f in failures})):
            why = Reason(OTHERWISE, {"skill": skill, "tries": len(failures)}, (), RESULTS)
            self._add(fresh, StepKind.EXPLAIN, other, skill, why)
        if not again and (check := self._check(skill)):
            self._add(fresh, StepKind.CHECK, check, skill, Reason(CHECK, {"skill": skill}, (), RESULTS))
        practised = 0
        wish = 2 if failures else 1 if not again and self.beliefs.results(skill) == 0 else 0
        while len(fresh) < self.settings.most:
            enough = self.level(skill) >= target
            if enough and practised >= wish:
                break
            chosen = self._next(skill, after_failure=bool(failures) and practised == 0, only_practice=enough)
            if chosen is None:
                break
            practised += not explains(chosen)
            kind = StepKind.LEARN if explains(chosen) else StepKind.PRACTICE
            self._add(fresh, kind, chosen, skill, self._why(chosen, skill, bool(failures), practised))
        return fresh

    def _why(self, activity: Activity, skill: str, failed: bool, practised: int) -> Reason:
        if not explains(activity):
            if failed:
                text = FAILED if practised == 1 else AGAIN
                return Reason(text, {"skill": skill}, (), RESULTS)
            known = self.beliefs.results(skill)
            return Reason(WEAK if known else SHOWS, {"skill": skill}, (), BOTH)
        after = self.wanted.serves.get(skill)
        if after is None:
            return Reason(TEACHES, {"skill": skill}, (), frozenset({"catalogue", "page"}))
        return Reason(BEFORE, {"skill": skill, "skill_after": after})

    def _add(self, fresh: list[Draft], kind: StepKind, activity: Activity, skill: str, why: Reason) -> None:
        """Plan an activity, after those it asks for."""
        for earlier in self._asked_first(activity):
            of = next((s for s in earlier.skill_ids if s in self.levels), (earlier.skill_ids or (skill,))[0])
            step = StepKind.LEARN if explains(earlier) else StepKind.PRACTICE
            self._note(fresh, Draft(step, earlier, of, (Reason(OPENS, {"activity": activity.id}),)))
        self._note(fresh, Draft(kind, activity, skill, (why,)))

    def _note(self, fresh: list[Draft], draft: Draft) -> None:
        self.planned[draft.activity.id] = draft
        fresh.append(draft)
        gain = self.settings.lesson if explains(draft.activity) else self.settings.practice
        if draft.kind is StepKind.CHECK:
            return  # a plan must do without its going well
        for skill in draft.activity.skill_ids:
            level = self.level(skill)
            self.expected[skill] = level + gain * (1 - level)

    def _asked_first(self, activity: Activity) -> list[Activity]:
        """What stands in the way of an activity, in order."""
        return needed_first(activity, lambda need: not self.open(self.by_id[need]), self.by_id)

    def open(self, activity: Activity) -> bool:
        """Whether an activity stands in nobody's way: done, planned, or all its skills known."""
        if activity.id in self.beliefs.finished or activity.id in self.planned:
            return True
        return bool(activity.skills) and all(self._known(s) for s in activity.skill_ids)

    def _known(self, skill: str) -> bool:
        return skill in self.wanted.known or self.beliefs.mastered(skill)

    def _possible(self, activity: Activity) -> bool:
        """Whether it may be planned: not yet, and not only about what is mastered."""
        if activity.id in self.planned:
            return False
        return not all(self._known(s) for s in activity.skill_ids)

    def _next(self, skill: str, *, after_failure: bool, only_practice: bool) -> Activity | None:
        """The next activity: a lesson while little is known, then practice, then practice done before."""
        every = [a for a in self.of_skill.get(skill, ()) if self._possible(a)]
        undone = [a for a in every if a.id not in self.beliefs.finished]
        lessons = sorted(filter(explains, undone), key=lambda a: self._rank(a, skill))
        practice = [a for a in undone if not explains(a)]
        tried = {attempt.activity_id for attempt in self.beliefs.by_skill.get(skill, ())}
        practice.sort(key=lambda a: (a.id in tried, self._rank(a, skill)))
        if only_practice or after_failure:
            order = [practice, [] if only_practice else lessons]
        else:
            level = self.level(skill)
            order = [lessons, practice] if level < TEACH_BELOW else [practice, lessons]
        again = sorted(
            (a for a in every if a.id not in {u.id for u in undone} and not explains(a)), key=self._stale
        )
        return next((group[0] for group in [*order, again] if group), None)

    def _stale(self, activity: Activity) -> tuple[float, str]:
        return self.beliefs.finished[activity.id].timestamp(), activity.id

    def _rank(self, activity: Activity, skill: str) -> tuple[int, int, int, str]:
        """Lower levels first, then preferred media, then the course's order."""
        level = next(int(e.level) for e in activity.skills if e.skill_id == skill)
        media = self.profile.media
        liked = media.index(activity.media_type) if activity.media_type in media else len(media)
        return level, liked, activity.position, activity.id

    def _other_way(self, skill: str, failed: set[str]) -> Activity | None:
        """Another explanation: best one not seen yet and in another medium than what was seen."""
        lessons = [a for a in self.of_skill.get(skill, ()) if explains(a) and a.id not in self.planned]
        lessons = [a for a in lessons if self._possible(a) and a.id not in failed]
        seen = {
            a.media_type
            for a in self.of_skill.get(skill, ())
            if a.id in self.beliefs.finished and explains(a)
        }
        undone = [a for a in lessons if a.id not in self.beliefs.finished]
        best = sorted(undone, key=lambda a: (a.media_type in seen, self._rank(a, skill)))
        if best:
            return best[0]
        return min(lessons, key=self._stale, default=None)

    def _check(self, skill: str) -> Activity | None:
        """A test to begin with, where it saves more than it costs: P(known) * lessons > P(not) * test."""
        if self.beliefs.results(skill):
            return None
        every = [a for a in self.of_skill.get(skill, ()) if self._possible(a)]
        tests = [a for a in every if not explains(a) and not self._asked_first(a)]
        lessons = [a for a in every if explains(a) and a.id not in self.beliefs.finished]
        if not tests or len(lessons) < len([a for a in self.of_skill.get(skill, ()) if explains(a)]):
            return None
        test = min(tests, key=lambda a: (minutes(a), a.position, a.id))
        likely = self.beliefs.likely_known(skill, sorted(self.wanted.builds_on.get(skill, ())))
        saved = sum(sorted(map(minutes, lessons))[:2])
        return test if likely * saved > (1 - likely) * minutes(test) else None


def needed_first(
    activity: Activity, stands_in_the_way: Callable[[str], bool], by_id: Mapping[str, Activity]
) -> list[Activity]:
    """What one builds on and stands in the way, in order; a circle is cut where it closes."""
    found: list[Activity] = []
    seen = {activity.id}
    walk: list[tuple[Activity, bool]] = [(activity, False)]
    while walk:
        here, needs_placed = walk.pop()
        if needs_placed:
            found.append(here)
            continue
        if here is not activity:
            walk.append((here, True))
        for need in reversed(here.prerequisites):
            if need in by_id and need not in seen and stands_in_the_way(need):
                seen.add(need)
                walk.append((by_id[need], False))
    return found


def in_blocks(drafts: Mapping[str, Sequence[Draft]]) -> dict[str, int]:
    """Skill to the minutes of its steps."""
    return {skill: sum(minutes(d.activity) for d in steps) for skill, steps in drafts.items()}
