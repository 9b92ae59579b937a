"""Charts: in the page's own colours and font, with nothing in them that the pages' policy forbids."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel
from stifinder.lti_tool.course import charts
from stifinder.lti_tool.course.charts import Range

CURVE = ((0, 1.0), (9, 0.86), (12, 0.3), (24, 0.23))
LIKE = ((0, 1.0), (12, 0.8), (30, 0.61))


@pytest.fixture(autouse=True)
def _in_a_request() -> Iterator[None]:
    app = Flask("charts")
    Babel(app)
    with app.test_request_context():
        yield


def curve(text: str = "what it shows") -> str:
    return str(charts.staying(CURVE, LIKE, names=("this module", "modules like it"), text=text))


def bands(*titles: str) -> str:
    return str(charts.ranges([Range(t, 0.5, 0.4, 0.6, 0.7) for t in titles or ("A title",)], text="shares"))


@pytest.mark.parametrize("drawn", [curve, bands])
def test_a_chart_has_no_style_no_script_and_no_address(drawn: object) -> None:
    svg = drawn()  # type: ignore[operator]
    assert not re.search(r"style|script|href|url\(|font-family|xlink", svg)
    assert set(re.findall(r'(?:xmlns)="([^"]+)"', svg)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("drawn", [curve, bands])
def test_all_colours_are_the_pages_own(drawn: object) -> None:
    svg = drawn()  # type: ignore[operator]
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none", "transparent"}
    assert colours
    assert all(re.fullmatch(r"var\(--[a-z-]+\)", colour) for colour in colours), colours


def test_a_chart_is_one_picture_with_its_text_wide_and_narrow() -> None:
    svg = curve('12 % <finish> & "stay"')
    assert svg.count("<svg") == svg.count('role="img"') == 2
    assert svg.count('aria-label="12 % &lt;finish&gt; &amp; &#34;stay&#34;"') == 2
    assert "aria-roledescription" not in svg, "parts of a picture are not read one by one"
    widths = [float(w) for w in re.findall(r'viewBox="0 0 (\d+)', svg)]
    assert widths[0] > 700
    assert widths[1] < 320


def test_titles_are_text_and_never_markup() -> None:
    svg = bands('<script>alert("x")</script>', "a ' b \\ c \u2028 d")
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg


def test_the_minutes_of_the_steepest_step_are_named_and_no_others() -> None:
    assert set(re.findall(r">(\d+)\u00a0min<", curve())) == {"12"}


def test_a_share_of_which_only_bounds_are_known_has_no_mark() -> None:
    known = str(charts.ranges([Range("A", 0.5, 0.4, 0.6)], text="x"))
    bound = str(charts.ranges([Range("A", None, 0.0, 0.2)], text="x"))
    assert "var(--band-mark)" in known
    assert "var(--band-mark)" not in bound


def test_the_same_chart_is_drawn_once() -> None:
    charts._drawn.cache_clear()
    curve("one text")
    curve("another text")
    assert charts._drawn.cache_info().misses == 2, "wide and narrow"
    assert charts._drawn.cache_info().hits == 2
