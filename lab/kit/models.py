"""The laws of learned models."""

from __future__ import annotations

from collections.abc import Iterator

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
