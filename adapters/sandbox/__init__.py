"""A small LMS for trying Stifinder: the demo and the tests run against it. It listens on loopback only.

It is no product: its passwords stand on its login page. What it does towards the tool is real, though: the
platform side of LTI 1.3 by an independent library, and xAPI statements over HTTP from an outbox that survives
restarts.
"""
