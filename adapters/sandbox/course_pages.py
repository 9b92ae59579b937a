"""Pages of a course that have to do with tools: links, adding content, people, and the gradebook."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from . import errands, groups
from .admin import find_tool
from .content import Course
from .enrolments import Status
from .gradebook import LineItem
from .lms import current_sandbox
from .pages import find_course
from .people import PEOPLE, Person
from .tools import DEEP_LINKING, REVIEW

ACTS = {"enrol": Status.ACTIVE, "suspend": Status.INACTIVE, "unenrol": Status.DELETED}


def blueprint() -> Blueprint:
    """Everything below ``/courses/<id>/`` that is no lesson."""
    made = Blueprint("course_pages", __name__, url_prefix="/courses/<course_id>")
    made.add_url_rule("/links/<link_id>", "link", _link)
    made.add_url_rule("/links/<link_id>/remove", "remove_link", _remove_link, methods=["POST"])
    made.add_url_rule("/content", "content", _content)
    made.add_url_rule("/content/<client_id>", "choose", _choose)
    made.add_url_rule("/people", "people", _people)
    made.add_url_rule("/people/<person_id>", "enrol", _enrol, methods=["POST"])
    made.add_url_rule("/gradebook", "gradebook", _gradebook)
    made.add_url_rule("/gradebook/<int:number>/<person_id>", "review", _review)
    made.before_request(_must_be_logged_in)
    return made


def _must_be_logged_in() -> AnyResponse | None:
    if g.person is not None:
        return None
    return redirect(url_for("pages.login", next=request.path if request.method == "GET" else "/"))


def _as_teacher(course_id: str) -> Course:
    if not g.person.teacher:
        abort(403, "This page is for teachers.")
    return find_course(course_id)


# --- links ----------------------------------------------------------------------------------------------


def _link(course_id: str, link_id: str) -> str:
    course = find_course(course_id)
    link = current_sandbox().links.find(course.id, link_id) or abort(404, "There is no such link.")
    return render_template(
        "tool.html", course=course, registered=find_tool(link.client_id), title=link.title, errand=link.id
    )


def _remove_link(course_id: str, link_id: str) -> AnyResponse:
    course, sandbox = _as_teacher(course_id), current_sandbox()
    link = sandbox.links.find(course.id, link_id) or abort(404, "There is no such link.")
    sandbox.links.remove(link)
    for item in sandbox.gradebook.of_link(course.id, link.client_id, link.id):
        sandbox.gradebook.remove(item)
    return redirect(url_for("pages.course", course_id=course.id), code=303)


def _content(course_id: str) -> str:
    """Choose the tool to add content from."""
    course = _as_teacher(course_id)
    offering = [tool for tool in current_sandbox().active_tools() if tool.address_for(DEEP_LINKING)]
    return render_template("content.html", course=course, offering=offering)


def _choose(course_id: str, client_id: str) -> str:
    """The tool's own page to choose on, in a frame."""
    return render_template(
        "tool.html",
        course=_as_teacher(course_id),
        registered=find_tool(client_id),
        title="Add content",
        errand=errands.CHOOSE,
    )


# --- people ---------------------------------------------------------------------------------------------


def _people(course_id: str) -> str:
    course, sandbox = _as_teacher(course_id), current_sandbox()
    rows = [
        (one, groups.of_learner(sandbox, course, one.person))
        for one in sandbox.enrolments.of_course(course.id)
    ]
    return render_template("people.html", course=course, rows=rows, active=Status.ACTIVE, acts=ACTS)


def _enrol(course_id: str, person_id: str) -> AnyResponse:
    course = _as_teacher(course_id)
    if not g.person.administrator:
        abort(403, "Only the administrator enrols people.")
    status = ACTS.get(request.form.get("act", "")) or abort(400, f"Choose one of: {', '.join(ACTS)}.")
    if person_id not in PEOPLE:
        abort(404, "There is no such person.")
    current_sandbox().enrolments.set(course.id, person_id, status)
    return redirect(url_for(".people", course_id=course.id), code=303)


# --- grades ---------------------------------------------------------------------------------------------


def _gradebook(course_id: str) -> str:
    course, sandbox = _as_teacher(course_id), current_sandbox()
    columns = [(item, sandbox.gradebook.results(item)) for item in sandbox.gradebook.of_course(course.id)]
    return render_template(
        "gradebook.html",
        course=course,
        learners=sandbox.enrolments.learners(course.id),
        columns=columns,
        reviewed={item.number for item, _ in columns if _can_be_reviewed(item)},
    )


def _can_be_reviewed(item: LineItem) -> bool:
    tool = current_sandbox().tool(item.client_id)
    return tool is not None and tool.address_for(REVIEW) is not None


def _review(course_id: str, number: int, person_id: str) -> str:
    """What the tool shows behind a cell, in a frame."""
    course = _as_teacher(course_id)
    item = current_sandbox().gradebook.find(course.id, number)
    learner: Person | None = PEOPLE.get(person_id)
    if item is None or learner is None or not _can_be_reviewed(item):
        abort(404, "There is nothing to review here.")
    return render_template(
        "tool.html",
        course=course,
        registered=find_tool(item.client_id),
        title=f"{item.label}: {learner.title}",
        errand=errands.review(item, learner),
    )
