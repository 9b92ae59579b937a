"""What the pages of a course say: shares, what happens with a module, what was decided."""

from __future__ import annotations

import math
from collections.abc import Mapping

from flask_babel import gettext  # type: ignore[import-untyped]

from ...core.course_figures import Module, Share
from ...core.decisions import DecisionKind
from ...core.proposals import message
from ..rendering import NO_BREAK, duration

DECIDED: Mapping[str, str] = {
    DecisionKind.APPROVE: message("%(activity)s may be suggested from now on."),
    DecisionKind.PIN: message("%(activity)s comes first from now on, for whom it fits."),
    DecisionKind.HIDE: message("%(activity)s is not suggested to this learner any more."),
    DecisionKind.NEVER: message("%(activity)s is not suggested in this course any more."),
    DecisionKind.REPLACE: message("%(instead)s is suggested instead of %(activity)s from now on."),
}
"""Kind of decision to what follows from it; titles come in quotation marks."""

SAID: Mapping[str, str] = {
    "lifted": message("It is taken back."),
    "lifted-yes": message("The yes is taken back. It waits again once a learner's page would suggest it."),
    "no-names": message("The LMS gives no names of this course, or did not answer. Nothing else is missing."),
    "chosen": message("Your choice is saved."),
}
"""What the page says after a form, by the word in its address."""


def learner(learner_id: str, digits: int = 4) -> str:
    """A learner without a name: by the first digits of the id, which says nothing about the person."""
    return str(gettext("Learner %(sign)s", sign=learner_id[:digits]))


def _percent(value: float) -> str:
    return f"{round(value * 100)}{NO_BREAK}%"


def _bound(known: Share) -> str:
    """A bound, rounded to the safe side."""
    if known.low == 0.0:
        return f"{math.ceil(known.high * 100 - 1e-9)}{NO_BREAK}%"
    return f"{math.floor(known.low * 100 + 1e-9)}{NO_BREAK}%"


def share(known: Share | None) -> str:
    """``23 %``; where one side is too small to be told, ``at most 34 %`` or ``at least 66 %``."""
    if known is None:
        return str(gettext("not yet known"))
    if known.value is not None:
        return _percent(known.value)
    if known.low == 0.0:
        return str(gettext("at most %(share)s", share=_bound(known)))
    return str(gettext("at least %(share)s", share=_bound(known)))


def likely(known: Share | None) -> str:
    """The interval of a share: ``14–35 %``; "" where there is none."""
    if known is None or known.value is None:
        return ""
    return f"{round(known.low * 100)}–{_percent(known.high)}"


def interval(low: float, high: float) -> str:
    """An interval of shares: ``14–35 %``."""
    return f"{round(low * 100)}–{_percent(high)}"


def what_happens(module: Module) -> list[str]:
    """What is known of how a module goes, in whole sentences."""
    said = []
    if module.finish and module.finish.value is not None:
        said.append(
            gettext(
                "%(share)s finish it (likely %(likely)s).",
                share=share(module.finish),
                likely=likely(module.finish),
            )
        )
    elif module.finish and module.finish.low == 0.0:
        said.append(gettext("At most %(share)s finish it.", share=_bound(module.finish)))
    elif module.finish:
        said.append(gettext("At least %(share)s finish it.", share=_bound(module.finish)))
    if module.like:
        said.append(gettext("Modules like it: %(share)s.", share=share(module.like)))
    if module.stop:
        after = duration(module.stop.half_by)
        said.append(gettext("Half of those who stop have done so after %(minutes)s.", minutes=after))
    else:
        said.append(gettext("When those stop who do not finish is not yet known."))
    return [str(each) for each in said]
