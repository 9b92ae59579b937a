"""Simulated learners: what a strategy brings, estimated before it meets people.

``mind`` is how a simulated person learns, forgets and gives up; ``parameters`` holds its numbers, fitted to
public data by ``fit`` and drawn beside it by ``pictures``. ``world`` makes a course and its people,
``choices`` what they do with a page, ``strategies`` names sets of plugins, ``trial`` runs one against the
engine, and ``report`` compares.
"""
