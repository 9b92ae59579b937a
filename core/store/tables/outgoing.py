"""What goes to the LMS, and what is asked of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, String, Text

from .base import ID, Moment, learner_key, tenant_table

grade_link = tenant_table(  # columns of the LMS's gradebook that show a learner's progress
    "grade_link",
    Column("learner_id", ID, nullable=False),
    Column("line_item", String(900), nullable=False),
    Column("registration_id", ID, nullable=False),
    Column("subject", LargeBinary, nullable=False),  # what the LMS calls the learner, encrypted
    Column("context_id", ID, nullable=False),
    Column("opens", String(700), nullable=False),
    Column("event_seq", Integer, nullable=False),
    Column("score", Float),
    Column("stamp", Moment),
    learner_key(),
    key=("learner_id", "line_item"),
)

outbox = tenant_table(  # scores that wait to be sent; see core/desks/grades.py
    "outbox",
    Column("id", Integer, nullable=False, autoincrement=False),
    Column("learner_id", ID, nullable=False),
    Column("line_item", String(900), nullable=False),
    Column("score", Float, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_try_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("unsure", Boolean, nullable=False),
    Column("stamp", Moment),
    Column("last_error", Text, nullable=False),
    learner_key(),
    key=("id",),
)
Index(None, outbox.c.tenant_id, outbox.c.learner_id, outbox.c.line_item)

roster = tenant_table(  # how many take part in a course, as the LMS says; nobody's name
    "roster",
    Column("context_id", ID, nullable=False),
    Column("registration_id", ID, nullable=False),
    Column("issuer", String(500), nullable=False),
    Column("address", String(600), nullable=False),
    Column("differences", String(900), nullable=False, server_default=""),  # what changed since
    Column("groups", String(900), nullable=False, server_default=""),
    Column("group_sets", String(900), nullable=False, server_default=""),
    Column("learners", Integer),
    Column("staff", Integer),
    Column("gone", Integer),
    Column("counted_at", Moment),
    Column("next_at", Moment, nullable=False),
    Column("last_error", Text, nullable=False),
    key=("context_id",),
)

course_group = tenant_table(  # groups of a course, as the LMS tells them
    "course_group",
    Column("context_id", ID, nullable=False),
    Column("id", ID, nullable=False),
    Column("title", String(300), nullable=False),
    Column("set_title", String(300), nullable=False),
    key=("context_id", "id"),
)

course_group_member = tenant_table(  # who agreed to be found by others, and the group they are in
    "course_group_member",
    Column("context_id", ID, nullable=False),
    Column("group_id", ID, nullable=False),
    Column("learner_id", ID, nullable=False),
    learner_key(),
    key=("context_id", "group_id", "learner_id"),
)
Index(None, course_group_member.c.tenant_id, course_group_member.c.learner_id)
