"""Danish and German are complete, say the same things, and are compiled as they stand."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
TRANSLATIONS = ROOT / "lti_tool" / "translations"
LANGUAGES = ("da", "de")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "message": None}
PLACE = re.compile(r"%\((\w+)\)[^a-zA-Z]*([a-zA-Z])|%%")


@cache
def in_the_code() -> frozenset[str | tuple[str, ...]]:
    """Every key that code, templates and plugins ask for."""
    with (ROOT / "babel.cfg").open() as stream:
        methods, options = parse_mapping_cfg(stream, filename="babel.cfg")
    found: set[str | tuple[str, ...]] = set()
    for folder in ("core", "plugins", "schemas", "lti_tool"):  # as `make messages` does
        for _, _, key, _, _ in extract_from_dir(ROOT / folder, methods, options, KEYWORDS):
            found.add(key)
    return frozenset(found)


@cache
def catalogue(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        return read_po(stream, locale=language)


def forms(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (str(text),)


def places(text: str) -> set[tuple[str, str]]:
    return {(match[1], match[2]) for match in PLACE.finditer(text) if match[1]}


def told(messages: Catalog) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    return {(forms(m.id), forms(m.string)) for m in messages if m.id}


def test_the_extraction_finds_code_templates_and_plugins() -> None:
    keys = in_the_code()
    assert "Because it comes next in this course." in keys  # plugins
    assert "Review now" in keys  # templates
    assert "I know this already" in keys  # code
    assert ("Take it anyway", "Take them anyway") in keys  # plurals


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    translated = {m.id for m in catalogue(language) if m.id and all(forms(m.string)) and not m.fuzzy}
    missing = in_the_code() - translated
    assert not missing, f"translate these into {language} (see babel.cfg): {sorted(map(str, missing))}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_left_of_a_sentence_that_is_gone(language: str) -> None:
    gone = {m.id for m in catalogue(language) if m.id} - in_the_code()
    assert not gone, f"run `pybabel update` (see babel.cfg): {sorted(map(str, gone))}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_places_of_the_original(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        wanted = places(forms(message.id)[-1])
        for form in forms(message.string):
            assert places(form) in (wanted, wanted - {("num", "s")}), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    fresh = BytesIO()
    write_mo(fresh, catalogue(language))
    fresh.seek(0)
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.mo").open("rb") as stream:
        compiled = told(read_mo(stream))
    assert compiled == told(read_mo(fresh)), "run `pybabel compile` (see babel.cfg)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_shouts(language: str) -> None:
    for message in catalogue(language):
        assert not message.id or not any("!" in form for form in forms(message.string)), message.id
