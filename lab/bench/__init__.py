"""Benches of the strategies: ours, what a user would install instead, and published figures, in one run.

One module a suite, each with a ``run(options)`` that gives rows (``suite.Row``). Test rows choose nothing:
settings come from a validation part of the training rows. ``stifinder bench`` prints them.
"""
