"""Work that plugins do beside the pages, what they keep, and who may see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from administration_world import Staff, launch_as, words
from api_client import STAFF, Program
from small_course import COURSE, EVERYTHING, Clock, MakeCore, launch_of
from sqlalchemy import select
from stifinder import Award, Job, JobHost, Manifest, Purpose, Reads, Reason, Situation, hookimpl
from stifinder.core.answers import usable
from stifinder.core.errors import AddressRefused, Forbidden, InvalidInput, NotFound
from stifinder.core.hookspecs import RULES
from stifinder.core.isolation import Unusable
from stifinder.core.people import Role, Source
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.store import plugin_jobs
from stifinder.core.store.tables import plugin_value

Work = Callable[[JobHost], None]
HOUR = timedelta(hours=1)


class Plugin:
    """Does what a test wants done, and remembers what its hooks were given."""

    def __init__(self, work: Work, manifest: Manifest) -> None:
        self.work, self._manifest = work, manifest
        self.given: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []

    @hookimpl
    def manifest(self) -> Manifest:
        return self._manifest

    @hookimpl
    def jobs(self) -> list[Job]:
        return [Job("work", lambda host: self.work(host), HOUR, "Do it")]

    @hookimpl
    def award(self, situation: Situation) -> list[Award]:
        self.given.append((dict(situation.kept), dict(situation.kept_of_learner)))
        return [Award("a", "An award", Reason("Because."))]


MakeTool = Callable[..., tuple[Core, Plugin]]


@pytest.fixture
def tool(make_core: MakeCore, monkeypatch: pytest.MonkeyPatch) -> MakeTool:
    """A core with the plugin ``working``, and beside it ``other``."""

    def make(work: Work, manifest: Manifest | None = None, url: str = "") -> tuple[Core, Plugin]:
        module = ModuleType("plugins_that_work")
        plugin = Plugin(work, manifest or Manifest(about="Works."))
        module.working, module.other = plugin, Plugin(lambda host: host.keep("mine", 1), Manifest())  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "plugins_that_work", module)
        load = ["plugins_that_work:working", "plugins_that_work:other"]
        core = make_core(url=url, plugins=Plugins(load=load, discover=False))
        core.import_catalogue("t", COURSE)
        return core, plugin

    return make


def stands(core: Core, plugin: str = "working") -> Any:
    (state,) = [here.state for here in core.plugin_jobs("t") if here.plugin == plugin]
    return state


def test_a_job_runs_for_each_tenant_and_again_when_its_time_has_come(
    tool: MakeTool, clock: Clock, database_url: str
) -> None:
    runs: list[int] = []
    core, _ = tool(lambda host: runs.append(len(host.catalogue.activities)), url=database_url)
    core.add_tenant("elsewhere", "Another tenant")
    core.run_plugin_jobs()
    assert sorted(runs) == [0, len(COURSE)]
    core.run_plugin_jobs()
    assert len(runs) == 2
    clock.forward(hours=1)
    core.run_plugin_jobs()
    assert len(runs) == 4


def test_what_is_kept_reaches_the_hooks_of_that_plugin_that_tenant_and_that_learner_alone(
    tool: MakeTool, database_url: str
) -> None:
    def work(host: JobHost) -> None:
        host.keep("of", len(host.learners()))
        for learner_id in host.learners():
            host.keep("id", learner_id, learner_id)

    core, plugin = tool(work, url=database_url)
    learners = [core.agree(launch_of(f"person-{n}"), EVERYTHING) for n in (1, 2)]
    core.run_plugin_jobs()
    for n, learner in enumerate(learners, start=1):
        core.page(launch_of(f"person-{n}"), learner)
        assert plugin.given[-1] == ({"of": 2}, {"id": learner})
    assert {item["plugin"] for item in core.held("t", learners[0])["plugin_values"]} == {"working"}


def test_the_page_of_a_stranger_knows_nothing_of_anybody(tool: MakeTool) -> None:
    core, plugin = tool(lambda host: [host.keep("k", 1, one) for one in host.learners()] and None)
    core.agree(launch_of("person-1"), EVERYTHING)
    core.run_plugin_jobs()
    core.page(launch_of("person-2"), "")
    assert all(kept == {} and of_learner == {} for kept, of_learner in plugin.given)


def test_erasing_and_withdrawing_take_what_was_kept_and_the_export_shows_it(tool: MakeTool) -> None:
    def work(host: JobHost) -> None:
        for one in host.learners():
            host.keep("level", [1, {"of": "three"}], one)

    both = frozenset({Purpose.SUGGESTIONS, Purpose.PEERS})
    core, _ = tool(work, Manifest(about="Works.", purposes=both))
    first, second = (core.agree(launch_of(f"person-{n}"), EVERYTHING) for n in (1, 2))
    core.run_plugin_jobs()
    (shown,) = core.held("t", first)["plugin_values"]
    assert (shown["plugin"], shown["key"], shown["value"]) == ("working", "level", [1, {"of": "three"}])
    core.agree(launch_of("person-1"), {pair for pair in EVERYTHING if pair[1] is not Source.PAGE})
    assert core.held("t", first)["plugin_values"] == []
    assert core.erase("t", second)["removed"]["plugin_value"] == 1
    with core.database.read() as connection:
        left = select(plugin_value.c.learner_id).where(plugin_value.c.tenant_id == "t")
        assert set(connection.execute(left).scalars()) == {""}  # the other plugin's own


def test_nothing_is_kept_or_told_of_somebody_who_did_not_agree_to_all_that_the_manifest_names(
    tool: MakeTool,
) -> None:
    refused: list[Exception] = []

    def work(host: JobHost) -> None:
        assert host.learners() == []
        assert host.history(learner) == ()
        for one in (learner, "nobody"):
            with pytest.raises(Forbidden) as caught:
                host.keep("k", 1, one)
            refused.append(caught.value)

    core, _ = tool(work, Manifest(about="Works.", purposes=frozenset({Purpose.PEERS})))
    learner = core.agree(launch_of("person-1"), frozenset({(Purpose.SUGGESTIONS, Source.STATEMENTS)}))
    core.run_plugin_jobs()
    assert len(refused) == 2, stands(core).failure


def test_a_plugin_that_does_not_read_histories_is_given_none(tool: MakeTool) -> None:
    seen: list[Any] = []
    manifest = Manifest(about="Works.", reads=frozenset({Reads.PROFILE}))
    core, _ = tool(lambda host: seen.extend(host.history(learner)), manifest)
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.answer_review("t", learner, core.catalogue("t").activities[0].skill_ids[0], 3)
    core.run_plugin_jobs()
    assert (seen, stands(core).failure) == ([], "")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("k", {1, 2}, "JSON cannot hold"),
        ("k", float("nan"), "JSON cannot hold"),
        ("k", "x" * 70_000, "65536 are kept"),
        ("", 1, "1 to 200 characters"),
    ],
)
def test_values_that_cannot_be_kept_are_refused_and_change_nothing(
    tool: MakeTool, key: str, value: object, said: str
) -> None:
    refused: list[str] = []

    def work(host: JobHost) -> None:
        host.keep("k", "before")
        with pytest.raises(InvalidInput) as caught:
            host.keep(key, value)
        refused.append(str(caught.value))
        assert host.kept() == {"k": "before"}

    core, _ = tool(work)
    core.run_plugin_jobs()
    assert stands(core).failure == ""
    assert said in refused[0]


def test_more_values_than_may_be_kept_are_refused_until_one_is_forgotten(tool: MakeTool) -> None:
    def work(host: JobHost) -> None:
        (learner,) = host.learners()
        for n in range(50):
            host.keep(f"k{n}", n, learner)
        host.keep("k1", "again", learner)
        with pytest.raises(InvalidInput, match="50 values already"):
            host.keep("one more", 1, learner)
        host.forget("k0", learner)
        host.keep("one more", 1, learner)

    core, _ = tool(work)
    core.agree(launch_of("person-1"), EVERYTHING)
    core.run_plugin_jobs()
    assert stands(core).failure == ""


def test_a_job_that_fails_waits_longer_each_time_and_takes_no_vote_from_its_plugin(
    tool: MakeTool, clock: Clock
) -> None:
    def work(host: JobHost) -> None:
        raise KeyError("learner-1 failed")

    core, plugin = tool(work)
    waits = []
    for _ in range(12):
        core.run_plugin_jobs()
        state = stands(core)
        waits.append((state.next_at - clock()).total_seconds() / 3600)
        clock.now = state.next_at
    assert waits[0] == 1
    assert waits == sorted(waits)
    assert waits[-1] == 24
    assert state.failures == 12
    assert "KeyError" in state.failure
    assert "learner-1" not in state.failure
    assert "test_plugin_jobs.py:" in state.failure
    assert "/tests/" not in state.failure
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.page(launch_of("person-1"), learner)
    assert plugin.given
    assert core.plugin_here("t", "working").installed.status == "ok"


def test_a_job_whose_process_died_is_taken_up_again_and_no_other_process_doubles_it(
    tool: MakeTool, clock: Clock
) -> None:
    runs: list[int] = []

    def work(host: JobHost) -> None:
        runs.append(1)
        if len(runs) == 1:
            assert core.run_plugin_jobs() == 1  # another process; only the other plugin's job is free
            assert stands(core).runs(clock())
            raise SystemExit  # as far as a test can die

    core, _ = tool(work)
    core.run_plugin_jobs()
    assert len(runs) == 1
    with core.database.write() as connection:
        plugin_jobs.change(connection, "t", "working", "work", claimed_until=clock() + HOUR, next_at=clock())
    core.run_plugin_jobs()
    assert len(runs) == 1
    clock.forward(hours=2)
    core.run_plugin_jobs()
    assert len(runs) == 2
    assert stands(core).failures == 0


def test_only_hosts_of_the_manifest_are_asked(tool: MakeTool) -> None:
    refused: list[str] = []

    def work(host: JobHost) -> None:
        for url in ("https://example.net/a", "https://example.org:8443/", "https://example.org@example.net/"):
            with pytest.raises(AddressRefused) as caught:
                host.fetch(url)
            refused.append(str(caught.value))

    core, _ = tool(work, Manifest(about="Works.", hosts=("example.org",)))
    core.run_plugin_jobs()
    assert len(refused) == 3, stands(core).failure
    core, _ = tool(lambda host: host.fetch("https://example.org/") and None)
    core.run_plugin_jobs()


def test_a_plugin_that_is_off_does_nothing(tool: MakeTool) -> None:
    runs: list[int] = []
    core, _ = tool(lambda host: runs.append(1))
    core.switch_plugin("t", STAFF, "working", on=False)
    assert [here.plugin for here in core.plugin_jobs("t")] == ["other"]
    with pytest.raises(NotFound, match="no such job"):
        core.run_plugin_job_soon("t", STAFF, "working", "work")


def test_the_page_shows_how_work_stands_and_does_it_again_at_a_press(tool: MakeTool, clock: Clock) -> None:
    def work(host: JobHost) -> None:
        host.progress(40, 100)
        if not host.kept():
            host.keep("k", 1)
            raise ValueError("no")

    core, _ = tool(work)
    staff = Staff(core, launch_as(Role.ADMINISTRATOR))
    assert "not done yet" in words(staff.get("administration/jobs"))
    core.run_plugin_jobs()
    page = words(staff.get("administration/jobs"))
    assert "Do it" in page
    assert "failed" in page
    assert "ValueError" in page
    assert stands(core).done == 40
    staff.post("administration/jobs/working/work/run")
    core.run_plugin_jobs()
    assert stands(core).failure == ""
    assert "run job" in [entry.act for entry in core.audit_log("t")]


def test_a_program_sees_and_does_the_same(tool: MakeTool) -> None:
    core, _ = tool(lambda host: host.keep("k", 1))
    core.run_plugin_jobs()
    program = Program(core)
    items = {item["plugin"]: item for item in program.get("/administration/jobs/plugins")["items"]}
    assert (items["working"]["state"], items["working"]["every_seconds"]) == ("waits", 3600)
    assert program.call("POST", "/administration/jobs/plugins/working/work/run").status_code == 200
    assert program.call("POST", "/administration/jobs/plugins/working/nothing/run").status_code == 404
    assert core.run_plugin_jobs() == 1


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (Job("a/b", print, HOUR, "A"), "letters, digits"),
        (Job("a", "print", HOUR, "A"), "nothing to run"),  # type: ignore[arg-type]
        (Job("a", print, timedelta(seconds=1), "A"), "at least a minute"),
        (Job("a", print, HOUR, ""), "no title"),
    ],
)
def test_a_job_that_cannot_be_done_is_refused_with_the_reason(job: Job, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        usable(RULES["jobs"], [job])


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ("[Job('a', print, timedelta(hours=1), 'A')] * 2", "two of its jobs have the same name"),
        ("[Job('a', print, timedelta(0), 'A')]", "at least a minute"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_plugin_whose_jobs_cannot_be_done_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str, said: str
) -> None:
    (tmp_path / "no_good.py").write_text(
        "from datetime import timedelta\nfrom stifinder import Job, hookimpl\n"
        f"@hookimpl\ndef jobs():\n    return {jobs}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "no_good", raising=False)
    (row,) = Plugins(load=["no_good"], discover=False).describe()
    assert row.status.startswith("refused")
    assert said in row.status


def test_a_plugin_with_jobs_is_not_run_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apart_jobs.py").write_text(
        "from stifinder import hookimpl\n@hookimpl\ndef jobs():\n    return []\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded = Plugins(load=["apart_jobs"], apart=["apart_jobs"], discover=False)
    try:
        (row,) = loaded.describe()
        assert "take it out of [plugins] apart" in row.status
    finally:
        loaded.close()
