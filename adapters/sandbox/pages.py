"""The sandbox's own pages: log in, courses, lessons with their questions, and what is told to the tool."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from . import content
from .content import Course, Lesson
from .lms import current_sandbox
from .people import ACCOUNTS, ADMIN, LOCALES, PASSWORD, PEOPLE, Person
from .statements import attempt, passed

LONGEST_SITTING = timedelta(hours=2)
"""A lesson that was open for longer was not being worked on all the time."""

RECENT = 50
"""Statements shown to a person."""


def blueprint() -> Blueprint:
    """Every page but those of the launch."""
    made = Blueprint("pages", __name__)
    made.add_url_rule("/", "courses", _courses)
    made.add_url_rule("/login", "login", _login, methods=["GET", "POST"])
    made.add_url_rule("/logout", "logout", _logout, methods=["POST"])
    made.add_url_rule("/language", "language", _language, methods=["POST"])
    made.add_url_rule("/courses/<course_id>", "course", _course)
    made.add_url_rule("/activities/<lesson_id>", "activity", _activity)
    made.add_url_rule("/activities/<lesson_id>/done", "done", _done, methods=["POST"])
    made.add_url_rule("/statements", "statements", _statements)
    made.add_url_rule("/statements/send", "send", _send, methods=["POST"])
    made.add_url_rule("/catalogue.jsonl", "catalogue", _catalogue)
    made.before_request(_must_be_logged_in)
    return made


def find_course(course_id: str) -> Course:
    """A course that is open to who is logged in, or the page that says there is none."""
    sandbox = current_sandbox()
    found = sandbox.content.courses.get(course_id) or abort(404, "There is no such course.")
    if not sandbox.takes_part(g.person, found.id):
        abort(403, "You do not take part in this course.")
    return found


def _must_be_logged_in() -> AnyResponse | None:
    if g.person is not None or request.endpoint in ("pages.login", "pages.catalogue"):
        return None
    return redirect(url_for("pages.login", next=request.path if request.method == "GET" else "/"))


def _own_path(wanted: str) -> str:
    """Where to go after logging in: a path of ours, never another site's address."""
    own = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if own and wanted.isprintable() else "/"


# --- people ---------------------------------------------------------------------------------------


def _login() -> AnyResponse | tuple[str, int] | str:
    wrong = False
    user = request.form.get("user", "").strip()
    if request.method == "POST":
        person = ACCOUNTS.get(user)
        wanted = person.password if person else PASSWORD
        right = hmac.compare_digest(request.form.get("password", "").encode(), wanted.encode())
        if person is not None and right:
            session.clear()
            session["person"] = person.id
            return redirect(_own_path(request.args.get("next", "/")), code=303)
        wrong = True
    page = render_template(
        "login.html",
        people=PEOPLE.values(),
        password=PASSWORD,
        admin=ADMIN,
        languages=LOCALES,
        wrong=wrong,
        user=user,
    )
    return (page, 401) if wrong else page


def _logout() -> AnyResponse:
    session.clear()
    return redirect(url_for("pages.login"), code=303)


def _language() -> AnyResponse:
    wanted = request.form.get("locale", "")
    if wanted not in LOCALES:
        abort(400, f"Choose one of: {', '.join(LOCALES.values())}.")
    current_sandbox().store.set(f"locale:{g.person.id}", wanted)
    return redirect(url_for("pages.courses"), code=303)


# --- courses and lessons --------------------------------------------------------------------------


def _courses() -> str:
    sandbox = current_sandbox()
    progress = sandbox.store.progress(g.person.id)
    courses = [one for one in sandbox.content.courses.values() if sandbox.takes_part(g.person, one.id)]
    finished = {
        course.id: sum(lesson.id in progress and progress[lesson.id].finished for lesson in course.lessons)
        for course in courses
    }
    return render_template(
        "courses.html",
        courses=courses,
        finished=finished,
        languages=LOCALES,
        locale=sandbox.locale(g.person),
    )


def _course(course_id: str) -> str:
    course = find_course(course_id)
    sandbox = current_sandbox()
    progress = sandbox.store.progress(g.person.id)
    return render_template(
        "course.html",
        course=course,
        progress=progress,
        finished=sum(lesson.id in progress and progress[lesson.id].finished for lesson in course.lessons),
        everybody=_everybody(course) if g.person.teacher else [],
        tools=sandbox.active_tools()[1:],
        links=sandbox.links.of_course(course.id),
        added=request.args.get("added", type=int),
    )


def _everybody(course: Course) -> list[tuple[Person, int, int]]:
    """For teachers: each learner, how many lessons are finished, and how many were last failed."""
    sandbox = current_sandbox()
    found = []
    for person in sandbox.enrolments.learners(course.id):
        progress = sandbox.store.progress(person.id)
        mine = [progress[lesson.id] for lesson in course.lessons if lesson.id in progress]
        found.append((person, sum(one.finished for one in mine), sum(one.state == "failed" for one in mine)))
    return found


def _find_lesson(lesson_id: str) -> Lesson:
    found = current_sandbox().content.lessons.get(lesson_id) or abort(404, "There is no such activity.")
    find_course(found.course_id)  # is it open to this person?
    return found


def _activity(lesson_id: str) -> str:
    lesson = _find_lesson(lesson_id)
    result = session.pop("result", None)
    if result is not None and result["lesson"] != lesson.id:
        result = None
    if result is None:
        session["opened"] = [lesson.id, datetime.now(UTC).isoformat()]
    return _activity_page(lesson, result=result)


def _activity_page(
    lesson: Lesson,
    *,
    result: dict[str, object] | None = None,
    answers: dict[str, int] | None = None,
    missing: list[int] | None = None,
) -> str:
    sandbox = current_sandbox()
    return render_template(
        "activity.html",
        lesson=lesson,
        course=sandbox.content.courses[lesson.course_id],
        progress=sandbox.store.progress(g.person.id).get(lesson.id),
        following=sandbox.content.after(lesson),
        result=result,
        answers=answers or {},
        missing=missing or [],
    )


def _done(lesson_id: str) -> AnyResponse | tuple[str, int]:
    lesson = _find_lesson(lesson_id)
    if g.person.teacher:
        abort(403, "Teachers look at activities; only learners work on them. Nothing was stored.")
    answers = _answers(lesson)
    missing = [n for n, question in enumerate(lesson.questions, start=1) if question.id not in answers]
    if missing:
        return _activity_page(lesson, answers=answers, missing=missing), 400
    sandbox = current_sandbox()
    course = sandbox.content.courses[lesson.course_id]
    ended = datetime.now(UTC)
    started = _started(lesson, ended)
    sandbox.tell(lambda name: attempt(g.person.id, course, lesson, answers, started, ended, home_page=name))
    sandbox.outbox.flush()
    right = [question.id for question in lesson.questions if answers[question.id] == question.right]
    session["result"] = {
        "lesson": lesson.id,
        "answers": answers,
        "right": right,
        "passed": not lesson.questions or passed(len(right), len(lesson.questions)),
    }
    return redirect(url_for("pages.activity", lesson_id=lesson.id), code=303)


def _answers(lesson: Lesson) -> dict[str, int]:
    """Question id to the chosen index, for the questions that have one of their own choices."""
    found = {}
    for question in lesson.questions:
        chosen = request.form.get(question.id, "")
        if chosen.isascii() and chosen.isdigit() and int(chosen) < len(question.choices):
            found[question.id] = int(chosen)
    return found


def _started(lesson: Lesson, ended: datetime) -> datetime:
    """When this person opened the lesson, as far as the session knows."""
    opened = session.pop("opened", None)
    if opened is None or opened[0] != lesson.id:
        return ended - timedelta(seconds=1)
    started = datetime.fromisoformat(opened[1])
    return max(started, ended - LONGEST_SITTING)


# --- what the tool is told ------------------------------------------------------------------------


def _statements() -> str:
    return render_template("statements.html", kept=current_sandbox().store.latest(g.person.id, RECENT))


def _send() -> AnyResponse:
    current_sandbox().outbox.flush()
    return redirect(url_for("pages.statements"), code=303)


def _catalogue() -> Response:
    sandbox = current_sandbox()
    return Response(content.served(sandbox.content, sandbox.base_url), mimetype="application/jsonl")
