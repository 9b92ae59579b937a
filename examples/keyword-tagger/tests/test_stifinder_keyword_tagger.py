"""RAKE against its paper, skills by stems, and every promise of the hooks by the conformance kit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stifinder import Activity, Skill
from stifinder_keyword_tagger import SKILLS, keywords, tag_activity

ABSTRACT = """Compatibility of systems of linear constraints over the set of natural numbers. Criteria of
compatibility of a system of linear Diophantine equations, strict inequations, and nonstrict
inequations are considered. Upper bounds for components of a minimal set of solutions and algorithms
of construction of minimal generating sets of solutions for all types of systems are given. These
criteria and the corresponding algorithms for constructing a minimal supporting set of solutions can
be used in solving all the considered types of systems and systems of mixed types."""

OFFER = Activity(
    "a", "t", "a", "Part two", text="How to estimate the costs of a roof. Estimating takes care."
)
SKILLS_HERE = {
    "costs": Skill("costs", "t", "Cost", ("cost",)),
    "offers": Skill("offers", "t", "Writing offers"),
    "roofs": Skill("roofs", "t", "Roofs"),
}


def found(activity: Activity, skills: dict[str, Skill] = SKILLS_HERE) -> list[str]:
    return [entry.skill_id for entry in tag_activity(activity, skills).skills]


def test_keeps_its_promises(stifinder_promise):
    stifinder_promise.check()


def test_the_paper_s_example_has_the_paper_s_best_keywords():
    """Its table of the abstract begins: minimal generating sets, linear diophantine equations, ..."""
    best = list(keywords(ABSTRACT, "en"))[:3]
    assert ("minim", "generat", "set") in best
    assert ("linear", "diophantin", "equat") in best


def test_inflected_words_name_a_skill():
    assert set(found(OFFER)) == {"costs", "roofs"}


def test_the_title_counts_most():
    assert found(replace(OFFER, title="Writing an offer: roofs"))[0] == "roofs"


def test_a_term_with_stop_words_needs_all_its_parts():
    skill = {"s": Skill("s", "t", "Cost of sales")}
    assert found(replace(OFFER, title="Costs of a sale"), skill) == ["s"]
    assert found(replace(OFFER, title="Costs"), skill) == []


@pytest.mark.parametrize(
    ("language", "title", "term"),
    [
        ("da", "Regnearkene", "regneark"),
        ("de", "Die Rechnungen prüfen", "rechnung"),
        ("tlh", "Roofs", "roof"),
    ],
)
def test_it_reads_other_languages(language, title, term):
    activity = replace(OFFER, language=language, title=title, text="")
    assert found(activity, {"s": Skill("s", "t", "A skill", (term,))}) == ["s"]


def test_a_text_that_names_no_skill_gets_none():
    assert found(replace(OFFER, title="Welcome", text="See you there.")) == []


def test_an_activity_gets_a_few_skills_only():
    many = {f"s{n}": Skill(f"s{n}", "t", f"topic{n}") for n in range(20)}
    assert len(found(replace(OFFER, title=", ".join(s.title for s in many.values())), many)) == SKILLS
