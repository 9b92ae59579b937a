"""The catalogue comes in: drafts become activities, taggers fill what the catalogue leaves open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from .catalogue import Activity, Level, Skill, SkillLevel, Tags
from .drafts import Draft, ImportReport
from .plugins import Plugins
from .store import catalogue, choices, tenants


def store(
    connection: Connection,
    tenant_id: str,
    drafts: Iterable[Draft],
    plugins: Plugins,
    progress: Callable[[int], None],
) -> ImportReport:
    """Insert or update activities by key; the caller's transaction makes it all or nothing."""
    at = tenants.counters(connection, tenant_id, lock=True)
    numbered_as = choices.numbered_as(connection, tenant_id)
    wanted = list({d.key: d for d in drafts}.values())
    before = catalogue.load(connection, tenant_id, at.catalogue_version)
    catalogue.store_skills(connection, tenant_id, _skills(tenant_id, numbered_as, wanted, before.skills))
    skills = catalogue.skills(connection, tenant_id)
    contexts = {
        d.course_key: catalogue.store_context(connection, tenant_id, d.course_key, d.course_title).id
        for d in wanted
        if d.course_key
    }
    keys = {a.key for a in before} | {d.key for d in wanted}
    new: list[Activity] = []
    changed: list[Activity] = []
    tagged = 0
    for draft in wanted:
        activity = _activity(tenant_id, numbered_as, draft, contexts)
        tags = _tags(activity, skills, plugins)
        tagged += tags is not None
        activity = _fill(activity, tags or Tags())
        earlier = before.by_id.get(activity.id)
        if earlier is None:
            new.append(activity)
        elif earlier != activity:
            changed.append(activity)
        progress(1)
    catalogue.store(connection, tenant_id, new, changed)
    tenants.advance(connection, tenant_id, catalogue_version=at.catalogue_version + 1)
    missing = sorted({p for d in wanted for p in d.prerequisites} - keys)
    return ImportReport(len(new), len(changed), len(wanted) - len(new) - len(changed), tagged, tuple(missing))


def _skills(
    tenant_id: str, numbered_as: str, drafts: Iterable[Draft], before: Mapping[str, Skill]
) -> Iterable[Skill]:
    """The skills that drafts name; one that is known stays as the skills file, or an earlier row, said it."""
    titles: dict[str, str] = {}
    for draft in drafts:
        for key, title, _ in draft.skills:
            titles[key] = title or titles.get(key, "")
    for key, title in titles.items():
        skill_id = catalogue.opaque(numbered_as, "skill", key)
        known = before.get(skill_id)
        yield known or Skill(skill_id, tenant_id, title or key, ((title or key).lower(),))


def _activity(tenant_id: str, numbered_as: str, d: Draft, contexts: Mapping[str, str]) -> Activity:
    return Activity(
        id=catalogue.opaque(numbered_as, "activity", d.key),
        tenant_id=tenant_id,
        key=d.key,
        title=d.title,
        text=d.text,
        language=d.language,
        media_type=d.media_type,
        minutes=d.minutes,
        skills=tuple(
            SkillLevel(catalogue.opaque(numbered_as, "skill", key), Level(level))
            for key, _, level in d.skills
        ),
        prerequisites=tuple(catalogue.opaque(numbered_as, "activity", p) for p in d.prerequisites),
        difficulty=d.difficulty,
        address=d.address,
        object_id=d.object_id or d.address,
        context_ids=(contexts[d.course_key],) if d.course_key else (),
        position=d.position,
    )


def _tags(activity: Activity, skills: Mapping[str, Skill], plugins: Plugins) -> Tags | None:
    """What taggers say together; for each part the first plugin that says something wins."""
    if activity.skills and activity.language and activity.media_type and activity.difficulty is not None:
        return None
    merged = Tags()
    for answered in plugins.collect("tag_activity", activity=activity, skills=skills):
        (tags,) = answered.values
        merged = Tags(
            merged.skills or tuple(s for s in tags.skills if s.skill_id in skills),
            merged.language or tags.language,
            merged.difficulty if merged.difficulty is not None else tags.difficulty,
            merged.media_type or tags.media_type,
        )
    return merged if merged != Tags() else None


def _fill(activity: Activity, tags: Tags) -> Activity:
    """Only what the catalogue left open is filled."""
    return replace(
        activity,
        skills=activity.skills or tags.skills,
        language=activity.language or tags.language,
        difficulty=activity.difficulty if activity.difficulty is not None else tags.difficulty,
        media_type=activity.media_type or tags.media_type or "text",
    )
