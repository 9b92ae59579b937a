"""The conformance kit: every promise of every hook, checked against any plugin.

    from stifinder.lab.kit import check
    for finding in check("leitner"):
        print(finding)

``stifinder plugin check`` and ``pytest --stifinder-plugin NAME`` do the same. Wants ``stifinder[kit]``.
"""

from .findings import Finding
from .promises import begin, check, chosen
from .subject import Subject, find
from .trial import PROMISES, Promise, Trial

__all__ = ["PROMISES", "Finding", "Promise", "Subject", "Trial", "begin", "check", "chosen", "find"]
