"""``stifinder jobs``: what waits is listed with its reason, retried when asked, and sent by one pass."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result
from small_course import EVERYTHING, arrival, launch_of
from stifinder.core.desks.grades import GradesDesk
from stifinder.core.opens import Opens
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.cli import main


@pytest.fixture
def jobs(core: Core, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """The command, beside a core in whose outbox one score waits; its registration is gone."""
    monkeypatch.setenv("STIFINDER_SECRET_KEY", settings.secret)
    monkeypatch.setenv("STIFINDER_DATA_DIR", str(settings.data_dir))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    from dataclasses import replace

    launch = replace(
        launch_of("a-telling-user-name"),
        custom=Opens(graded=True).custom,
        line_item="https://lms.example.org/lineitems/2?type_id=1",
    )
    desk: GradesDesk = core
    desk.note_graded(launch, core.agree(launch, EVERYTHING))
    core.intake("t", [arrival("a-telling-user-name", 0)])
    desk.count_progress()

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["jobs", *arguments])

    return run


def test_what_waits_is_listed_with_when_and_where(jobs) -> None:
    shown = jobs("list")
    assert shown.exit_code == 0, shown.output
    assert "12 of 100" in shown.output
    assert "https://lms.example.org/lineitems/2?type_id=1" in shown.output
    assert "tries 0" in shown.output
    assert "a-telling-user-name" not in shown.output


def test_one_pass_says_what_it_did_and_the_list_says_why_it_failed(jobs) -> None:
    assert "Scores sent: 0." in jobs("run", "--once").output
    shown = jobs("list").output
    assert "when you say so" in shown
    assert "There is no such registration." in shown


def test_retry_makes_it_due(jobs) -> None:
    jobs("run", "--once")
    assert "Due now: 1." in jobs("retry").output
    assert "when you say so" not in jobs("list").output
    missing = jobs("retry", "99")
    assert missing.exit_code == 2
    assert "stifinder jobs list" in missing.output
