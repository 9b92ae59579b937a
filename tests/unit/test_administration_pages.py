"""The administration pages as an administrator gets them: what they show, what they do, what is recorded."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from administration_world import OTHER_LMS, Staff, acts, launch_as, registered, words
from small_course import COURSE, EVERYTHING, MakeCore, arrival, launch_of
from sqlalchemy import text, update
from stifinder.core.opens import Opens
from stifinder.core.people import Purpose, Role, Source
from stifinder.core.service import Core
from stifinder.core.store import credentials, joining, lti, tables
from stifinder.lti_tool.administration.page import TABS

PAGES = ("", "lms", "keys", "plugins", "plugins/spacing", "privacy", "statements", "jobs", "audit")


@pytest.fixture
def admin(core: Core) -> Staff:
    return Staff(core, launch_as(Role.ADMINISTRATOR))


def signs(core: Core) -> set[str]:
    return {entry.actor.sign for entry in core.audit_log("t")}


# --- who comes in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_a_teacher_and_a_learner_are_turned_away(core: Core, path: str) -> None:
    for role in (Role.TEACHER, Role.LEARNER, Role.MENTOR):
        answer = Staff(core, launch_as(role)).get(f"administration/{path}")
        assert answer.status_code == 403
        assert "Your role in the LMS does not open this page." in words(answer)


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_all_tabs_and_marks_its_own(admin: Staff, path: str) -> None:
    page = admin.get(f"administration/{path}")
    assert page.status_code == 200
    tabs = re.search(r'<nav class="tabs".*?</nav>', page.text, re.S)
    assert tabs is not None
    assert tabs[0].count("<li>") == len(TABS)
    assert tabs[0].count('aria-current="page"') == 1


def test_a_form_without_the_token_of_its_visit_changes_nothing(admin: Staff) -> None:
    posts = [
        rule.rule.partition("<visit_id>/")[2]
        for rule in admin.app.url_map.iter_rules()
        if rule.endpoint.startswith("administration.") and "POST" in (rule.methods or ())
    ]
    assert len(posts) >= 12
    for path in posts:
        path = re.sub(r"<\w+>", "spacing", path)
        assert admin.client.post(admin.home + path, data={"days": "7"}).status_code == 403
    assert admin.core.audit_log("t") == []


def test_whoever_runs_the_tool_is_led_to_the_tenants_first(core: Core) -> None:
    operator = Staff(core, launch_as(Role.OPERATOR))
    for path in (*PAGES, "tokens/"):
        assert operator.get(f"administration/{path}").headers["Location"].endswith("/tenants")


# --- overview ---------------------------------------------------------------------------------------


def test_the_overview_leads_through_the_set_up(make_core: MakeCore) -> None:
    core = make_core()
    admin = Staff(core, launch_as(Role.ADMINISTRATOR))
    page = words(admin.get("administration/"))
    assert "Set up, step by step" in page
    for step in ("Invite your LMS", "Import the catalogue", "Let the LMS send statements"):
        assert step in page
    assert "stifinder catalogue import FILE --tenant t" in page
    core.import_catalogue("t", COURSE)
    registered(core)
    after = admin.get("administration/").text
    assert after.count("done</span>") == 2
    assert "stifinder catalogue import" not in after


def test_when_all_is_well_it_says_so(core: Core) -> None:
    registration = registered(core)
    now = core.clock()
    with core.database.read() as connection:
        entry = lti.get(connection, "t", registration)
    joining.note_launch(core.database, entry, {"names": False}, 0, now)
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", [arrival("person-1", 0, at=now)])
    page = words(Staff(core, launch_as(Role.ADMINISTRATOR)).get("administration/"))
    assert "Nothing needs you" in page
    assert "Set up" not in page


def test_the_overview_names_what_needs_somebody(admin: Staff) -> None:
    core = admin.core
    registered(core, issuer=OTHER_LMS, status=lti.PENDING)
    stuck(core)
    core.plugins.isolation.call("peers", "match_peers", lambda: 1 / 0, {}, seconds=1, check=lambda a: a)
    for _ in range(3):
        core.plugins.isolation.call("peers", "x", lambda: 1 / 0, {}, seconds=1, check=lambda a: a)
    page = words(admin.get("administration/"))
    assert "LMSs that wait for your yes: 1." in page
    assert "Grades that could not be sent, and wait for you: 1." in page
    assert "The plugin “peers” is left alone" in page


# --- LMSs -------------------------------------------------------------------------------------------


def test_an_invitation_is_shown_once_and_registers_for_this_tenant(admin: Staff) -> None:
    answer = admin.post("administration/lms", days="7")
    token = re.search(r"/lti/register\?invite=([\w-]+)", answer.text)
    assert token is not None
    assert joining.invited(admin.core.database, token[1], admin.core.clock()) == "t"
    assert token[1] not in admin.get("administration/lms").text
    assert admin.core.audit_log("t")[0].act == "invite an LMS"
    assert token[1] not in repr(admin.core.audit_log("t"))


def test_an_invitation_for_a_time_that_is_not_offered_is_refused(admin: Staff) -> None:
    assert admin.post("administration/lms", days="4000").status_code == 400
    assert admin.core.audit_log("t") == []


def test_an_lms_that_waits_is_approved_or_refused(admin: Staff) -> None:
    core = admin.core
    first = registered(core, status=lti.PENDING)
    assert "waits for your yes" in words(admin.get("administration/lms"))
    assert "Approved." in words(admin.done(f"administration/lms/{first}/approve"))
    assert core.registration("t", first).status == lti.ACTIVE
    second = registered(core, issuer=OTHER_LMS, status=lti.PENDING)
    assert "Refused." in words(admin.done(f"administration/lms/{second}/remove"))
    assert [entry.id for entry in lti.registrations(core.database, "t")] == [first]
    assert [act for act, _ in acts(core)] == ["refuse registration", "approve registration"]
    assert admin.post(f"administration/lms/{first}/approve").status_code == 404


def test_an_lms_is_removed_with_a_word_of_what_that_means(admin: Staff) -> None:
    registration = registered(admin.core)
    page = words(admin.get("administration/lms"))
    assert "Nobody can open the tool from this LMS any more" in page
    assert "Check my installation" in page
    assert "Removed." in words(admin.done(f"administration/lms/{registration}/remove"))
    assert lti.registrations(admin.core.database, "t") == []


def test_nothing_of_another_tenant_is_shown_or_changed(admin: Staff) -> None:
    core = admin.core
    core.add_tenant("u", "A secret organisation")
    other = registered(core, "u", OTHER_LMS, lti.PENDING)
    with core.database.write() as connection:
        credentials.add(connection, "u", "name-of-the-other", "password", core.clock())
    for path in PAGES:
        page = admin.get(f"administration/{path}").text
        for secret in ("A secret organisation", OTHER_LMS, "name-of-the-other", other):
            assert secret not in page
    assert admin.post(f"administration/lms/{other}/approve").status_code == 404
    assert admin.post(f"administration/lms/{other}/remove").status_code == 404
    assert admin.post("administration/statements/remove", username="name-of-the-other").status_code == 404
    assert core.registration("u", other).status == lti.PENDING
    assert core.audit_log("t") == []


def test_keys_are_shown_with_their_times_and_cannot_be_changed_here(admin: Staff) -> None:
    admin.client.get("/lti/jwks")
    (key,) = admin.core.keys()
    page = admin.get("administration/keys")
    assert key.kid in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    assert "stifinder keys rotate" in page.text


# --- plugins ----------------------------------------------------------------------------------------


def test_a_plugin_is_switched_off_and_on_again(admin: Staff) -> None:
    core = admin.core
    page = words(admin.get("administration/plugins"))
    assert "collaborative" in page
    assert "what it has learned stays" in page
    assert "Switched off." in words(admin.done("administration/plugins/beginners/switch", on="0"))
    assert not core.plugin_here("t", "beginners").choice.enabled
    assert "off here" in words(admin.get("administration/plugins"))
    assert "Switched on." in words(admin.done("administration/plugins/beginners/switch", on="1"))
    assert core.plugin_here("t", "beginners").choice.enabled
    assert [act for act, _ in acts(core)] == ["switch plugin on", "switch plugin off"]
    assert admin.post("administration/plugins/no-such-plugin/switch", on="0").status_code == 404


def test_settings_are_a_form_with_labels_help_and_bounds(admin: Staff) -> None:
    page = admin.get("administration/plugins/spacing").text
    assert re.search(r'<label class="strong" for="field-1">Recall to aim for</label>', page)
    field = re.search(r'<input[^>]*name="retention"[^>]*>', page)
    assert field is not None
    for part in ('type="number"', 'min="0.7"', 'max="0.97"', 'value="0.9"', "aria-describedby"):
        assert part in field[0]
    assert "Higher means more reviews." in page
    assert "Usually 0.9." in page
    assert 'step="1"' in (re.search(r'<input[^>]*name="minutes"[^>]*>', page) or [""])[0]


def test_wrong_settings_are_said_at_their_field_and_nothing_is_changed(admin: Staff) -> None:
    answer = admin.post("administration/plugins/spacing", retention="1.5", minutes="many")
    assert answer.status_code == 400
    assert "Give a number from 0.7 to 0.97." in words(answer)
    assert "Give a number from 1 to 60." in words(answer)
    field = re.search(r'<input[^>]*name="retention"[^>]*>', answer.text)
    assert field is not None
    assert 'value="1.5"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert re.search(r'aria-describedby="[^"]*(field-1-wrong)', field[0])
    assert admin.core.plugin_here("t", "spacing").settings["retention"] == 0.9
    assert admin.core.audit_log("t") == []


def test_settings_are_kept_and_taken_back(admin: Staff) -> None:
    assert "Saved." in words(admin.done("administration/plugins/spacing", retention="0.8", minutes="2"))
    here = admin.core.plugin_here("t", "spacing")
    assert here.settings == {"retention": 0.8, "minutes": 2}
    assert here.choice.settings == {"retention": 0.8}  # what is as usual follows the usual
    assert admin.core.audit_log("t")[0].details == {"settings": {"retention": 0.8}}
    assert "The usual settings hold again." in words(admin.done("administration/plugins/spacing", usual="1"))
    assert admin.core.plugin_here("t", "spacing").settings["retention"] == 0.9


def test_a_plugin_without_settings_has_no_such_page(admin: Staff) -> None:
    assert admin.get("administration/plugins/tagger").status_code == 404
    assert admin.post("administration/plugins/tagger", x="1").status_code == 404


def test_the_health_of_a_plugin_shows_calls_failures_and_no_folders(admin: Staff) -> None:
    core = admin.core
    core.agree(launch_of("person-1"), EVERYTHING)
    core.page(launch_of("person-1"), core.recognise(launch_of("person-1")))
    core.plugins.isolation.call(
        "spacing", "schedule_reviews", lambda: 1 / 0, {}, seconds=1, check=lambda a: a
    )
    tally = core.plugin_here("t", "spacing").tally
    assert tally.calls >= 1
    page = admin.get("administration/plugins")
    assert "schedule_reviews: error, ZeroDivisionError" in page.text
    assert ".py:" not in page.text
    assert " ms" in words(page)


# --- people's data ----------------------------------------------------------------------------------


def test_a_note_raises_the_version_of_the_text_and_learners_read_it(admin: Staff) -> None:
    core = admin.core
    usual = core.overview("t").consent_text
    admin.done("administration/privacy/note", **{"note-da": "Spørg HR.", "note-en": "Ask the office."})
    assert core.overview("t").consent_text == f"{usual}+1"
    learner = Staff(core, launch_of("person-1"), admin.app)
    assert "Ask the office." in learner.get("consent").text
    danish = Staff(core, replace(launch_of("person-1"), locale="da"), admin.app)
    assert "Spørg HR." in danish.get("consent").text
    core.agree(launch_of("person-1"), EVERYTHING)
    with core.database.read() as connection:
        versions = connection.execute(text('SELECT DISTINCT text_version FROM "grant"')).scalars().all()
    assert versions == [f"{usual}+1"]
    admin.done("administration/privacy/note", **{"note-da": "Spørg HR.", "note-en": "Ask the office. "})
    assert core.overview("t").consent_text == f"{usual}+1"  # the same note again is no other text


def test_a_note_that_is_too_long_is_refused_and_not_lost(admin: Staff) -> None:
    answer = admin.post("administration/privacy/note", **{"note-en": "x" * 2001})
    assert answer.status_code == 400
    assert "x" * 2001 in answer.text
    assert admin.core.choices("t").consent_version == 0


def test_how_suggestions_are_handled_is_chosen_for_the_tenant(admin: Staff) -> None:
    page = admin.done("administration/privacy/handling", needs_yes="1", figures_from="8", exploration="0")
    assert "Saved." in words(page)
    found = admin.core.choices("t")
    assert (found.needs_yes, found.figures_from, found.exploration) == (True, 8, 0)
    assert sorted(act for act, _ in acts(admin.core)) == [
        "choose exploration",
        "choose figures_from",
        "choose needs_yes",
    ]
    answer = admin.post("administration/privacy/handling", figures_from="3", exploration="5")
    assert answer.status_code == 400
    assert "from 5 to 1000" in words(answer)


def test_what_would_go_is_shown_before_a_time_to_keep_is_confirmed(admin: Staff) -> None:
    core = admin.core
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", [arrival("person-1", n, at=core.clock() - timedelta(days=200)) for n in range(3)])
    page = words(admin.get("administration/privacy/retention?days=90"))
    assert "Events3" in page
    assert "cannot be brought back" in page
    assert core.choices("t").retention_days == 0
    assert "Saved." in words(admin.done("administration/privacy/retention", days="90"))
    assert core.choices("t").retention_days == 90
    assert core.remove_too_old("t").events == 3


@pytest.mark.parametrize("days", ["", "5", "-1", "x", "99999"])
def test_a_time_to_keep_that_is_none_is_refused(admin: Staff, days: str) -> None:
    assert admin.get(f"administration/privacy/retention?days={days}").status_code == 400
    assert admin.post("administration/privacy/retention", days=days).status_code == 400
    assert admin.core.audit_log("t") == []


BASIS = {
    "purpose": "suggestions",
    "source": "statements",
    "basis": "works agreement",
    "decided_by": "works council",
    "notice": "As agreed in March.",
}


def test_a_legal_basis_is_recorded_shown_and_removed(admin: Staff) -> None:
    core = admin.core
    assert "Recorded." in words(admin.done("administration/privacy/basis", **BASIS))
    assert (Purpose.SUGGESTIONS, Source.STATEMENTS) in core.legal_bases("t")
    page = words(admin.get("administration/privacy"))
    assert "works agreement" in page
    assert "As agreed in March." in page
    person = core.recognise(launch_of("person-1"))
    assert person
    removed = admin.done("administration/privacy/basis/remove", purpose="suggestions", source="statements")
    assert "Removed." in words(removed)
    assert core.legal_bases("t") == {}
    assert core.held("t", person) == {}
    newest, first = core.audit_log("t")
    assert (newest.act, newest.details["forgotten"]) == ("withdraw basis", 1)
    assert first.act == "record basis"


@pytest.mark.parametrize("missing", ["basis", "decided_by", "notice", "purpose"])
def test_a_legal_basis_needs_all_its_words(admin: Staff, missing: str) -> None:
    answer = admin.post("administration/privacy/basis", **{**BASIS, missing: ""})
    assert answer.status_code == 400
    assert admin.core.legal_bases("t") == {}
    assert 'role="alert"' in answer.text


# --- statements -------------------------------------------------------------------------------------


def test_a_password_for_statements_is_shown_once_and_works(admin: Staff) -> None:
    answer = admin.post("administration/statements", username="moodle")
    shown = re.findall(r'<code class="secret"[^>]*>([^<]+)</code>', answer.text)
    assert shown[0].endswith("/xapi")
    assert shown[1] == "moodle"
    with admin.core.database.read() as connection:
        assert credentials.verify(connection, "moodle", shown[2]) == "t"
    after = admin.get("administration/statements").text
    assert "moodle" in after
    assert shown[2] not in after
    assert shown[2] not in repr(admin.core.audit_log("t"))


def test_a_name_that_is_taken_or_impossible_is_said_at_its_field(admin: Staff) -> None:
    admin.post("administration/statements", username="moodle")
    again = admin.post("administration/statements", username="moodle")
    assert again.status_code == 409
    assert "is taken" in words(again)
    answer = admin.post("administration/statements", username="a:b")
    assert answer.status_code == 400
    assert 'value="a:b"' in answer.text
    assert len(admin.core.audit_log("t")) == 1


def test_a_name_is_removed(admin: Staff) -> None:
    admin.post("administration/statements", username="moodle")
    assert "Removed." in words(admin.done("administration/statements/remove", username="moodle"))
    assert admin.core.overview("t").credentials == ()
    assert acts(admin.core)[0][0] == "remove statement credential"


# --- jobs -------------------------------------------------------------------------------------------


def stuck(core: Core, name: str = "person-1") -> None:
    """A grade that an LMS refused for good."""
    launch = replace(
        launch_of(name), custom=Opens(graded=True).custom, line_item="https://lms.example.org/li/1"
    )
    core.note_graded(launch, core.agree(launch, EVERYTHING))
    core.intake("t", [arrival(name, 0)])
    core.count_progress()
    (taken,) = core.take_scores()
    core.score_failed(taken, "The LMS said no.", status=403, again=False)


def test_what_waits_is_shown_with_its_reason_and_tried_again(admin: Staff) -> None:
    core = admin.core
    stuck(core)
    page = words(admin.get("administration/jobs"))
    assert "The LMS said no." in page
    assert "waits for you" in page
    learner = core.recognise(launch_of("person-1"))
    assert learner not in admin.get("administration/jobs").text
    (waiting,) = core.waiting_scores("t")
    assert "tried again now" in words(admin.done("administration/jobs", score=str(waiting.id)))
    assert len(core.take_scores()) == 1
    assert core.audit_log("t")[0].details == {"count": 1}
    assert admin.post("administration/jobs", score="99").status_code == 404


def test_when_nothing_waits_it_says_so(admin: Staff) -> None:
    assert "Nothing waits" in words(admin.get("administration/jobs"))


# --- the record -------------------------------------------------------------------------------------


def test_every_act_is_recorded_under_one_sign_and_no_name(admin: Staff) -> None:
    admin.post("administration/statements", username="moodle")
    admin.post("administration/lms", days="7")
    admin.done("administration/plugins/peers/switch", on="0")
    (sign,) = signs(admin.core)
    assert re.fullmatch(r"staff-[0-9a-f]{8}", sign)
    page = words(admin.get("administration/audit"))
    assert "The record is whole" in page
    rows = page.partition("No.")[2]
    assert rows.index("switch plugin off") < rows.index("invite an LMS") < rows.index("add statement")
    assert "staff-1 " not in page


def test_the_record_is_paged_and_filtered(admin: Staff) -> None:
    core = admin.core
    who = core.actor(launch_as(Role.ADMINISTRATOR))
    for n in range(60):
        core.record("t", who, "even" if n % 2 == 0 else "odd", f"thing-{n}")
    first = admin.get("administration/audit")
    assert "thing-59" in first.text
    assert "thing-9 " not in words(first)
    older = re.search(r'href="([^"]+before=11[^"]*)"', first.text)
    assert older is not None
    second = words(admin.client.get(older[1].replace("&amp;", "&")))
    assert "thing-9" in second
    assert "thing-10" not in second
    odd = words(admin.get("administration/audit?act=odd"))
    assert "thing-59" in odd
    assert "thing-58" not in odd
    assert "No entry is like that." in words(admin.get("administration/audit?sign=staff-00000000"))


def test_the_record_is_downloaded_line_by_line(admin: Staff) -> None:
    admin.done("administration/plugins/peers/switch", on="0")
    admin.done("administration/plugins/peers/switch", on="1")
    answer = admin.get("administration/audit.jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2]
    assert lines[-1]["digest"] == admin.core.audit_log("t")[0].digest
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("before", ["9" * 30, "-" + "9" * 30, str(2**63)])
def test_an_entry_of_a_number_that_no_record_reaches_is_no_fault(admin: Staff, before: str) -> None:
    assert admin.get(f"administration/audit?before={before}").status_code == 200


def test_a_changed_entry_shows(admin: Staff) -> None:
    for on in "010":
        admin.done("administration/plugins/peers/switch", on=on)
    with admin.core.database.write() as connection:
        connection.execute(
            update(tables.audit)
            .where(tables.audit.c.tenant_id == "t", tables.audit.c.seq == 2)
            .values(subject="something else")
        )
    page = words(admin.get("administration/audit"))
    assert "does not hold together" in page
    assert "Entry 2" in page


def test_what_was_done_is_not_done_when_it_cannot_be_recorded(
    admin: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record and the act are one transaction."""
    registration = registered(admin.core)

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("the record cannot be written")

    admin.client.get("/")
    monkeypatch.setattr(type(admin.core), "_record_act", fails)
    for path, form in (
        (f"administration/lms/{registration}/remove", {}),
        ("administration/statements", {"username": "moodle"}),
        ("administration/plugins/peers/switch", {"on": "0"}),
        ("administration/plugins/spacing", {"retention": "0.8"}),
        ("administration/privacy/handling", {"needs_yes": "1", "figures_from": "8", "exploration": "0"}),
        ("administration/privacy/retention", {"days": "90"}),
        ("administration/privacy/basis", BASIS),
    ):
        assert admin.post(path, **form).status_code == 500
    monkeypatch.undo()
    core = admin.core
    assert len(lti.registrations(core.database, "t")) == 1
    assert core.overview("t").credentials == ()
    assert core.plugin_here("t", "peers").choice.enabled
    assert core.plugin_here("t", "spacing").choice.settings == {}
    assert core.choices("t").retention_days == 0
    assert core.legal_bases("t") == {}
    assert core.audit_log("t") == []


# --- language ---------------------------------------------------------------------------------------


def test_another_language_is_chosen_on_the_page_where_one_is(admin: Staff) -> None:
    page = admin.get("administration/keys")
    link = re.search(r'href="([^"]+/language/de[^"]*)"', page.text)
    assert link is not None
    after = admin.client.get(link[1].replace("&amp;", "&"), follow_redirects=True)
    assert after.request.path.endswith("/administration/keys")
    assert '<html lang="de">' in after.text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/learn/other/", "../../x", ""])
def test_choosing_a_language_leads_nowhere_else(core: Core, back: str) -> None:
    operator = Staff(core, launch_as(Role.OPERATOR))
    answer = operator.get("language/da", query_string={"back": back})
    assert answer.headers["Location"] == f"{operator.home}tenants"


def test_the_foot_of_the_page_leads_to_the_course_that_was_opened(core: Core) -> None:
    in_course = Staff(core, launch_as(Role.ADMINISTRATOR, course=True))
    page = in_course.get("administration/")
    assert "This course" in page.text
    assert in_course.get("course/").status_code == 200
    assert "This course" not in Staff(core, launch_as(Role.ADMINISTRATOR)).get("administration/").text
