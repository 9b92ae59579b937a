"""The laws of learned models."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ...core.errors import ConfigurationError
from ...core.evidence import Event
from ...core.learned import LearnedModel
from .. import laws
from . import situations
from .findings import Finding
from .patience import watched
from .trial import Promise, Trial, promise


@promise(
    "forgets-exactly",
    "Models add up, forget a person exactly, and survive being stored.",
    "Keep sums per learner: merge adds, subtract removes; raise version when what dump writes changes.",
)
def _forgets(trial: Trial, this: Promise) -> Iterator[Finding]:
    about = situations.catalogue(12, 4)
    rows = [((n * 5) % 16, (n * 3) % 14, n % 6, n % 4) for n in range(60)]
    events = [situations.event(n, about, row, f"tenant-a.learner-{n % 4}") for n, row in enumerate(rows)]
    events.sort(key=lambda e: (e.at, e.id))
    for model in trial.subject.models():
        hook = f"model {model.name}"
        try:
            with watched(hook, times=6):
                laws.check_all(model, events)
        except AssertionError as error:
            yield this.found(hook, str(error), "60 events of four learners")
        except Exception as error:  # noqa: BLE001
            yield this.found(hook, f"{type(error).__name__}: {error}", "60 events of four learners")
        for data in (b"", b"\xff\x00 no state", b'{"of": "another version"}'):
            try:
                model.load(data)
            except ValueError:
                continue
            except Exception as error:  # noqa: BLE001
                yield this.found(hook, f"load raised {type(error).__name__}, not ValueError", repr(data))
                break
        if trial.states is not None:
            yield from _from_before(trial.states, model, events, this, hook)


def _from_before(
    folder: Path, model: LearnedModel, events: Sequence[Event], this: Promise, hook: str
) -> Iterator[Finding]:
    """What an earlier release stored under the same version must mean the same; kept when there is none yet.

    States of other versions need not be read: the host rebuilds those from the events.
    """
    asked = hashlib.sha256(msgspec.json.encode(events)).hexdigest()
    file = folder / f"{model.name}-{model.version}.json"
    try:
        kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if kept.get("events") != asked:
            stored = base64.b64encode(model.dump(laws.fold_all(model, events))).decode()
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"events": asked, "state": stored}, indent=1) + "\n", encoding="utf-8")
            return
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{file} cannot be used: {error}.", "Remove it, and check again: it is then written anew."
        ) from error
    try:
        same = bool(model.load(base64.b64decode(kept["state"])) == laws.fold_all(model, events))
    except Exception as error:  # noqa: BLE001
        yield this.found(hook, f"load raised {type(error).__name__} for a state of this version", str(file))
        return
    if not same:
        yield this.found(hook, "a state that an earlier release stored under this version differs", str(file))
