"""What taking a statement in costs, in one process: read, checked, stored, learned; tincan's parser alone."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...schemas.statements import Limits, read_batch
from .. import histories
from . import world as bench_world
from .suite import NoData, Options, Row, absent, peer, public

LEARNERS, ACTIVITIES, EVENTS = 500, 500, 20
BATCH, BATCHES, ROUNDS = 100, 60, 5
DATA = "statements of Moodle's log store"


def run(options: Options) -> list[Row]:
    """Take batches in; ours and tincan's parser in turn: a change in the machine's speed meets both."""
    world = histories.world(learners=LEARNERS, activities=ACTIVITIES, per_learner=EVENTS, seed=options.seed)
    data, made = statements(world, BATCH * BATCHES)
    bodies = [json.dumps(made[n : n + BATCH]).encode() for n in range(0, len(made), BATCH)]
    singles = [json.dumps(statement) for statement in made]
    tincan = peer("tincan") if options.peers else None
    whole, reading, theirs = [], [], []
    with tempfile.TemporaryDirectory(prefix="stifinder-bench-") as name:
        core = bench_world.build(Path(name), world, 0)
        try:
            with core.models.lock(histories.TENANT), core.database.read() as connection:
                core.models.states(connection, histories.TENANT)
            for turn in range(ROUNDS):
                options.say(f"round {turn + 1} of {ROUNDS}")
                part = bodies[turn::ROUNDS]
                started = time.perf_counter()
                read = [read_batch(body, now=core.clock(), limits=Limits()) for body in part]
                reading.append(len(part) * BATCH / (time.perf_counter() - started))
                for arrivals in read:
                    core.intake(histories.TENANT, arrivals)
                whole.append(len(part) * BATCH / (time.perf_counter() - started))
                if tincan is not None:
                    started = time.perf_counter()
                    for text in (some := singles[turn::ROUNDS]):
                        tincan.Statement.from_json(text)
                    theirs.append(len(some) / (time.perf_counter() - started))
        finally:
            core.close()
    rows = [
        Row(data, "statements a second", "read, checked, stored and learned", True, statistics.median(whole)),
        Row(data, "statements a second", "read and checked", True, statistics.median(reading)),
    ]
    if theirs:
        rows.append(Row(data, "statements a second", "tincan, parsed only", False, statistics.median(theirs)))
    elif options.peers:
        rows.append(absent(data, "statements a second", "tincan, parsed only", "tincan"))
    return rows


def statements(world: histories.World, count: int) -> tuple[str, list[dict[str, Any]]]:
    """Statements like an LMS sends, and in words which: Moodle's own where they are at hand."""
    try:
        lines = public("xapi", "moodle_logstore_xapi.jsonl").read_text(encoding="utf-8").splitlines()
        words, kinds = DATA, [json.loads(line)["statement"] for line in lines]
    except NoData:
        words = "simulated statements"
        kinds = [{"verb": {"id": "http://adlnet.gov/expapi/verbs/completed"}, "object": {"id": ""}}]
    made = []
    for n in range(count):
        kind = json.loads(json.dumps(kinds[n % len(kinds)]))
        name = world.learners[n * 31 % len(world.learners)]
        kind["actor"] = {"account": {"homePage": bench_world.ISSUER, "name": name}}
        kind["object"]["id"] = f"{bench_world.ISSUER}/activity-{n * 17 % len(world.catalogue)}"
        kind["id"] = str(uuid.uuid4())
        kind["timestamp"] = datetime.now(UTC).isoformat()
        made.append(kind)
    return words, made
