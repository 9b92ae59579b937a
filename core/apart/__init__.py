"""Plugins in processes of their own: for those that are not trusted with ours. docs/decisions/0015 says why.

``parent`` is our side, ``child`` theirs, ``channel`` what lies between, and ``walls`` what the system can
hold the child back from.
"""
