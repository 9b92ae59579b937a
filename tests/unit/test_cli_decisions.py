"""What an organisation decides on the command line: legal bases other than consent, and bans."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_course import COURSE, arrival, launch_of
from stifinder.core.arrival import Arrival
from stifinder.core.evidence import EventKind
from stifinder.core.people import Purpose, Source
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.cli import main

Run = Callable[..., Result]
SUGGESTIONS = ("--purpose", "suggestions", "--source", "statements")
WORDS = ("--basis", "contract", "--decided-by", "data protection officer", "--notice", "As agreed.")


def lesson(name: str) -> list[Arrival]:
    """Five things somebody did."""
    return [arrival(name, number, EventKind.PASSED, score=0.9) for number in range(5)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on a migrated database with the tenant ``t`` and a small course."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("STIFINDER_", "DATABASE_"))]:
        monkeypatch.delenv(name)

    def stifinder(*arguments: str, **given: str) -> Result:
        return CliRunner().invoke(main, ["--data-dir", str(tmp_path / "data"), *arguments], **given)

    assert stifinder("migrate").exit_code == 0
    assert stifinder("tenant", "add", "t").exit_code == 0
    return stifinder


@pytest.fixture
def core(run: Run, tmp_path: Path) -> Iterator[Core]:
    """What a running server has open meanwhile, on the same database."""
    core = Core.open(Settings.read({"STIFINDER_DATA_DIR": str(tmp_path / "data")}))
    core.import_catalogue("t", COURSE)
    yield core
    core.close()


# --- legal bases ---------------------------------------------------------------------------------


def test_a_basis_is_recorded_with_who_decided_and_what_learners_read(run: Run, core: Core) -> None:
    assert run("tenant", "basis", "t", *SUGGESTIONS, *WORDS).exit_code == 0
    shown = run("tenant", "basis", "t", "--list").stdout
    assert "suggestions from statements: contract" in shown
    assert "decided by data protection officer, 20" in shown
    assert "notice: As agreed." in shown
    assert core.recognise(launch_of("person-1")), "who opens the page is remembered, as the help says"


def test_recording_a_basis_again_replaces_it(run: Run, core: Core) -> None:
    run("tenant", "basis", "t", *SUGGESTIONS, *WORDS)
    again = run("tenant", "basis", "t", *SUGGESTIONS, *WORDS[2:], "--basis", "works agreement")
    assert again.exit_code == 0
    assert again.stdout.startswith("Replaced")
    assert core.legal_bases("t") == {
        (Purpose.SUGGESTIONS, Source.STATEMENTS): ("works agreement", "As agreed.")
    }


@pytest.mark.parametrize("left_out", ["--purpose", "--source", "--basis", "--decided-by", "--notice"])
def test_a_basis_that_lacks_something_is_not_recorded(run: Run, left_out: str) -> None:
    given = [*SUGGESTIONS, *WORDS]
    at = given.index(left_out)
    result = run("tenant", "basis", "t", *given[:at], *given[at + 2 :])
    assert result.exit_code == 2
    assert f"{left_out} is missing" in result.stderr
    assert run("tenant", "basis", "t", "--list").stdout == ""


def test_words_that_do_not_fit_the_record_are_refused(run: Run) -> None:
    result = run("tenant", "basis", "t", *SUGGESTIONS, *WORDS[2:], "--basis", "x" * 101)
    assert result.exit_code == 2
    assert "--basis has 101 characters" in result.stderr


def test_bases_of_a_tenant_that_is_not_there_are_refused(run: Run) -> None:
    assert "There are: t." in run("tenant", "basis", "u", "--list").stderr


def test_removing_a_basis_forgets_who_agreed_to_nothing_and_keeps_what_was_agreed(
    run: Run, core: Core
) -> None:
    run("tenant", "basis", "t", *SUGGESTIONS, *WORDS)
    never_asked = core.recognise(launch_of("person-1"))
    agreed = core.agree(launch_of("person-2"), [(Purpose.SUGGESTIONS, Source.STATEMENTS)])
    for person in ("person-1", "person-2"):
        assert core.intake("t", lesson(person)).stored == 5
    removed = run("tenant", "basis", "t", "--remove", *SUGGESTIONS, "--yes")
    assert removed.exit_code == 0, removed.stderr
    assert "People forgotten: 1." in removed.stdout
    assert core.held("t", never_asked) == {}
    assert core.recognise(launch_of("person-1")) == ""
    assert core.intake("t", lesson("person-1")).stored == 0
    assert len(core.held("t", agreed)["events"]) == 5


def test_removing_a_basis_takes_people_out_of_the_models_it_covered(run: Run, core: Core) -> None:
    shared = ("--purpose", "shared-models", "--source", "statements")
    learner = core.agree(launch_of("person-1"), [(Purpose.SUGGESTIONS, Source.STATEMENTS)])
    core.intake("t", lesson("person-1"))

    def counted() -> bool:
        """Whether the collaborative model, brought to now as by any request, knows the learner."""
        core.page(launch_of("person-1"), learner)
        core.save_models("t")
        model = core.models.models["collaborative"][1]
        with core.database.read() as connection:
            return learner.encode() in model.dump(core.models.states(connection, "t")["collaborative"])

    assert not counted()
    assert run("tenant", "basis", "t", *shared, *WORDS).exit_code == 0
    assert counted()
    assert run("tenant", "basis", "t", "--remove", *shared, "--yes").exit_code == 0
    assert not counted()
    assert len(core.held("t", learner)["events"]) == 5


def test_removing_asks_first_and_does_nothing_when_told_no(run: Run) -> None:
    run("tenant", "basis", "t", *SUGGESTIONS, *WORDS)
    assert run("tenant", "basis", "t", "--remove", *SUGGESTIONS, input="n\n").exit_code == 1
    assert "contract" in run("tenant", "basis", "t", "--list").stdout


def test_removing_what_is_not_recorded_says_how_to_see_what_is(run: Run) -> None:
    result = run("tenant", "basis", "t", "--remove", *SUGGESTIONS, "--yes")
    assert result.exit_code == 2
    assert "stifinder tenant basis t --list" in result.stderr


# --- bans ----------------------------------------------------------------------------------------


def suggested(core: Core) -> set[str]:
    page = core.page(launch_of("person-1"), "", minutes=60)
    return {shown.activity.key for shown in page.suggestions}


def test_a_banned_activity_is_not_suggested_and_is_listed_with_who_decided(run: Run, core: Core) -> None:
    key = sorted(suggested(core))[0]
    assert run("catalogue", "ban", key, "--tenant", "t", "--decided-by", "head of training").exit_code == 0
    assert key not in suggested(core)
    lines = {line.split("\t")[0]: line for line in run("catalogue", "list").stdout.splitlines()}
    assert lines.pop(key).endswith("\tbanned by head of training")
    assert not any("banned" in line for line in lines.values())


def test_a_ban_outlives_the_next_import_and_ends_when_it_is_lifted(run: Run, core: Core) -> None:
    key = sorted(suggested(core))[0]
    run("catalogue", "ban", key, "--decided-by", "head of training")
    core.import_catalogue("t", COURSE)
    assert key not in suggested(core)
    assert run("catalogue", "ban", key, "--lift").exit_code == 0
    assert key in suggested(core)
    assert "banned" not in run("catalogue", "list").stdout


def test_a_ban_needs_somebody_who_decided_it_and_an_activity(run: Run, core: Core) -> None:
    key = sorted(suggested(core))[0]
    assert "--decided-by is missing" in run("catalogue", "ban", key).stderr
    assert "catalogue list" in run("catalogue", "ban", "no-such", "--decided-by", "x").stderr
    assert "banned" not in run("catalogue", "list").stdout
