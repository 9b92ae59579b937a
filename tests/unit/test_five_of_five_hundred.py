"""Five of five hundred: what is suggested for a stated need is what its label says, on a real catalogue.

The Carpentries catalogue has 265 modules. Long ones are split at a heading into two parts, longest first,
until there are 500 activities; the minutes are shared by length. Skills come from the installed tagger with
a vocabulary as a tenant would write it (four of its terms were made less common after the first look). The
labels are rules over courses and minutes: on the subject, and, more strictly, written for people in that
role. They chose no setting.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from stifinder import Activity, Catalogue, Profile, Skill
from stifinder.core import engine
from stifinder.core.people import Context, Depth, Learner
from stifinder.core.plugins import Plugins
from stifinder.core.proposals import Situation
from stifinder.lab.bench.carpentries import courses
from stifinder.lab.bench.served import settled
from stifinder.lab.bench.suite import NoData
from stifinder.lab.histories import START
from stifinder.lab.simulation.strategies import Patient
from stifinder.plugins import tagger

TENANT = "tenant-1"
HOW_MANY = 500
VOCABULARY = {
    "sql": ("SQL and databases", ("sql", "database", "query", "queries")),
    "git": ("Version control", ("git", "repository", "version control")),
    "shell": ("The command line", ("shell", "bash", "command line", "terminal")),
    "python": ("Python", ("python",)),
    "r": ("R", ("rstudio", "tidyverse", "dplyr", "ggplot2")),
    "openrefine": ("OpenRefine", ("openrefine",)),
    "spreadsheets": ("Spreadsheets", ("spreadsheet", "spreadsheets", "excel")),
    "containers": ("Containers", ("docker", "container", "containers")),
    "workflows": ("Workflows", ("snakemake", "makefile", "workflow", "workflows")),
    "machine-learning": (
        "Machine learning",
        ("machine learning", "scikit-learn", "sklearn", "neural network"),
    ),
    "teaching": ("Teaching", ("teaching", "learners", "instructor")),
    "regex": ("Regular expressions", ("regular expression", "regular expressions", "regex")),
}


@dataclass(frozen=True)
class Need:
    """What somebody asks for.

    :param subject: beginnings of the ids of courses on the subject.
    :param own: courses for people in that role; empty where the role says nothing or none was said.
    """

    profile: Profile
    minutes: int
    subject: tuple[str, ...]
    own: frozenset[str] = frozenset()


NEEDS = {
    "a librarian who cleans metadata, 20 minutes": Need(
        Profile(
            goals=("openrefine",), role="Librarian, cleaning library catalogue metadata", depth=Depth.USE
        ),
        20,
        ("lc-open-refine", "openrefine-"),
        frozenset({"lc-open-refine"}),
    ),
    "an ecologist with survey data in a database": Need(
        Profile(goals=("sql",), role="Ecologist with survey data about animals and species in plots"),
        60,
        ("sql-", "lc-sql"),
        frozenset({"sql-ecology-lesson"}),
    ),
    "a social scientist who begins with R": Need(
        Profile(goals=("r",), role="Social scientist working with interviews and household surveys"),
        60,
        ("r-",),
        frozenset({"r-socialsci"}),
    ),
    "an analyst who wants version control soon": Need(
        Profile(goals=("git",), depth=Depth.USE), 20, ("git-novice", "python-intermediate-development")
    ),
    "a bioinformatician who builds workflows": Need(
        Profile(goals=("workflows",), role="Bioinformatician who runs Snakemake on sequencing reads"),
        60,
        ("snakemake-", "make-novice"),
        frozenset({"snakemake-novice-bioinformatics"}),
    ),
    "a developer who packages software": Need(
        Profile(goals=("containers",), role="Software developer running Docker images"),
        60,
        ("docker-introduction",),
    ),
    "somebody who will teach": Need(
        Profile(goals=("teaching",), role="Trainer who teaches workshops"), 60, ("instructor-training",)
    ),
    "an analyst who wants to understand machine learning": Need(
        Profile(goals=("machine-learning",), depth=Depth.UNDERSTAND),
        60,
        ("machine-learning-novice-sklearn",),
    ),
}


def parts(activity: Activity) -> tuple[Activity, Activity] | None:
    """The two halves of a module, split at the heading nearest its middle; None where there is none."""
    headings = [m.start() for m in re.finditer(r"^## ", activity.text, re.M) if m.start() > 0]
    if not headings:
        return None
    at = min(headings, key=lambda n: abs(n - len(activity.text) / 2))
    share = at / len(activity.text)
    halves = ((activity.text[:at], share, "1"), (activity.text[at:], 1 - share, "2"))
    first, second = (
        replace(
            activity,
            id=f"{activity.id}#{n}",
            key=f"{activity.id}#{n}",
            title=f"{activity.title}, part {n}",
            text=text,
            minutes=round(activity.minutes * part),
        )
        for text, part, n in halves
    )
    return first, second


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    try:
        modules = [a for made in courses().modules.values() for a in made]
    except NoData as error:
        pytest.skip(str(error))
    whole = sorted(modules, key=lambda a: (-len(a.text), a.id))
    found: list[Activity] = []
    for n, activity in enumerate(whole):
        left = len(whole) - n - 1
        halves = parts(activity) if len(found) + left + 2 <= HOW_MANY else None
        found += halves or (activity,)
    vocabulary = {name: Skill(name, TENANT, title, terms) for name, (title, terms) in VOCABULARY.items()}
    tagged = [
        replace(a, skills=tagger.tag_activity(a, vocabulary).skills)
        for a in sorted(found, key=lambda a: a.id)
    ]
    return Catalogue(TENANT, "five-hundred", tuple(tagged), vocabulary)


def suggested(need: Need, catalogue: Catalogue, plugins: Plugins) -> list[Activity]:
    situation = Situation(
        now=START,
        seed=1,
        minutes=need.minutes,
        learner=Learner("learner-1", TENANT, profile=need.profile),
        context=Context("everything", TENANT, "Everything"),
        catalogue=catalogue,
        pool=tuple(a.id for a in catalogue),
    )
    engine.suggest(situation, plugins)
    settled()
    return [catalogue.by_id[s.activity_id] for s in engine.suggest(situation, plugins).suggestions]


@pytest.fixture(scope="module")
def answers(catalogue: Catalogue) -> dict[str, list[Activity]]:
    plugins = Plugins(isolation=Patient())
    return {name: suggested(need, catalogue, plugins) for name, need in NEEDS.items()}


def relevant(need: Need, activity: Activity) -> bool:
    """The label: of a course on the subject, and within the time at hand."""
    return activity.context_ids[0].startswith(need.subject) and activity.minutes <= need.minutes


def share(label: Callable[[Need, Activity], bool], answers: dict[str, list[Activity]]) -> float:
    """Precision at 5, over the needs there are answers for."""
    return sum(label(NEEDS[name], a) for name, found in answers.items() for a in found) / (5 * len(answers))


def test_there_are_five_hundred(catalogue: Catalogue) -> None:
    assert len(catalogue) == HOW_MANY
    assert sum(bool(a.skills) for a in catalogue) > 0.6 * HOW_MANY


def test_of_the_five_that_are_suggested_nine_in_ten_are_relevant(answers: dict[str, list[Activity]]) -> None:
    assert all(len(found) == 5 for found in answers.values())
    assert share(relevant, answers) >= 0.9


def test_what_is_suggested_always_fits_the_time_at_hand(answers: dict[str, list[Activity]]) -> None:
    assert all(a.minutes <= NEEDS[name].minutes for name, found in answers.items() for a in found)


def test_without_a_goal_fewer_are_relevant(answers: dict[str, list[Activity]], catalogue: Catalogue) -> None:
    plugins = Plugins(isolation=Patient())
    bare = {
        name: suggested(replace(need, profile=replace(need.profile, goals=())), catalogue, plugins)
        for name, need in NEEDS.items()
    }
    assert share(relevant, bare) < share(relevant, answers)


def test_a_role_brings_up_courses_for_people_like_that(
    answers: dict[str, list[Activity]], catalogue: Catalogue
) -> None:
    plugins = Plugins(isolation=Patient())
    concerned = {name: need for name, need in NEEDS.items() if need.own}
    bare = {
        name: suggested(replace(need, profile=replace(need.profile, role="")), catalogue, plugins)
        for name, need in concerned.items()
    }

    def own(need: Need, activity: Activity) -> bool:
        return relevant(need, activity) and activity.context_ids[0] in need.own

    assert share(own, {name: answers[name] for name in concerned}) > share(own, bare)
