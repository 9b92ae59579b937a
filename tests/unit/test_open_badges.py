"""A mastered skill leaves as an Open Badges 3.0 credential that anybody can check was not changed."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jsonschema import Draft202012Validator, ValidationError
from small_course import COURSE, EVERYTHING, NOW, launch_of
from sqlalchemy import insert
from stifinder.core.moving.parts import Alignment, Estimate, MovedSkill
from stifinder.core.service import Core
from stifinder.core.store import tables
from stifinder.core.store.tool_keys import ToolKey
from stifinder.lti_tool.moving import export
from stifinder.schemas.open_badges import credential, signed

AT = datetime(2026, 3, 2, 9, 30, 15, 250_000, tzinfo=UTC)
KNOWN = Estimate(skill="s1", mean=0.93, low=0.871, high=0.99, answers=12, at=AT)
TEXT = {"type": "string", "minLength": 1}


def types(*needed: str) -> dict[str, Any]:
    return {"type": "array", "allOf": [{"contains": {"const": name}} for name in needed]}


def closed(required: str, optional: str = "", **properties: Any) -> dict[str, Any]:
    names = dict.fromkeys((required + " " + optional).split(), TEXT) | properties
    return {
        "type": "object",
        "required": required.split(),
        "properties": names,
        "additionalProperties": False,
    }


def listed(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1}


SPECIFIED = closed(
    "@context id type name credentialSubject issuer validFrom",
    "description credentialSchema",
    **{"@context": {"type": "array", "prefixItems": [{"const": "https://www.w3.org/ns/credentials/v2"}]}},
    type=types("VerifiableCredential", "OpenBadgeCredential"),
    validFrom={"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
    issuer=closed("id type", "name", type=types("Profile")),
    credentialSchema=listed(closed("id type")),
    credentialSubject=closed(
        "id type achievement",
        type=types("AchievementSubject"),
        result=listed(closed("type resultDescription value", type=types("Result"))),
        achievement=closed(
            "id type name description criteria",
            "achievementType",
            type=types("Achievement"),
            criteria=closed("narrative"),
            resultDescription=listed(
                closed(
                    "id type name resultType",
                    type=types("ResultDescription"),
                    resultType={"enum": ["Percent"]},
                )
            ),
            alignment=listed(
                closed("type targetName targetUrl", "targetFramework targetType", type=types("Alignment"))
            ),
        ),
    ),
)
"""The classes of the specification's data model that are used here: what must be there, what may."""


def made(*alignments: Alignment) -> dict[str, Any]:
    skill = MovedSkill(id="s1", title="Estimating", alignments=list(alignments))
    return credential("l1", skill, KNOWN, issuer="https://learn.example.com", organisation="Acme Ltd")


@pytest.fixture(scope="module")
def key() -> ToolKey:
    return ToolKey("k", rsa.generate_private_key(public_exponent=65537, key_size=2048))


def test_a_credential_has_the_form_of_the_specification() -> None:
    check = Draft202012Validator(SPECIFIED)
    check.validate(made())
    check.validate(made(Alignment(uri="https://case.example.org/1", framework="CASE")))
    with pytest.raises(ValidationError):
        check.validate({**made(), "issuanceDate": "2026-03-02"})


def test_it_says_what_is_known_and_what_is_not_claimed() -> None:
    subject = made()["credentialSubject"]
    assert subject["result"][0]["value"] == "87"
    assert "Nobody examined" in subject["achievement"]["criteria"]["narrative"]
    assert made() == made()


def test_skills_keep_their_ids_of_case_and_esco() -> None:
    said = made(
        Alignment(uri="https://case.example.org/1", framework="CASE"),
        Alignment(uri="http://data.europa.eu/esco/skill/1", framework="ESCO"),
    )["credentialSubject"]["achievement"]["alignment"]
    assert [(a["targetUrl"], a.get("targetType")) for a in said] == [
        ("https://case.example.org/1", "CFItem"),
        ("http://data.europa.eu/esco/skill/1", None),
    ]


def test_the_signature_holds_and_the_header_has_the_public_key_alone(key: ToolKey) -> None:
    token = signed(made(), key)
    header = jwt.get_unverified_header(token)
    assert header.keys() == {"alg", "typ", "jwk"}
    assert header["jwk"].keys() == {"kty", "n", "e"}
    claims = jwt.decode(token, jwt.PyJWK({**header["jwk"], "alg": "RS256"}), algorithms=["RS256"])
    assert {name: claims[name] for name in made()} == made()
    assert (claims["iss"], claims["sub"], claims["jti"]) == (
        "https://learn.example.com",
        "urn:stifinder:learner:l1",
        made()["id"],
    )
    assert claims["nbf"] == datetime.fromisoformat(claims["validFrom"]).timestamp()
    head, _, signature = token.split(".")
    other = jwt.utils.base64url_encode(json.dumps({**claims, "sub": "urn:stifinder:learner:l2"}).encode())
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(
            f"{head}.{other.decode()}.{signature}",
            jwt.PyJWK({**header["jwk"], "alg": "RS256"}),
            algorithms=["RS256"],
        )


def test_an_export_has_one_for_each_mastered_skill_and_no_other(core: Core, tmp_path: Path) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    first, second, third = sorted(core.catalogue("t").skills)[:3]
    rows = [(first, 0.8, 9), (second, 0.7, 9), (third, 0.9, 2), ("not in the catalogue", 0.9, 9)]
    with core.database.write() as connection:
        for skill, low, answers in rows:
            connection.execute(
                insert(tables.mastery).values(
                    tenant_id="t",
                    learner_id=learner,
                    skill_id=skill,
                    mean=0.95,
                    low=low,
                    high=1.0,
                    answers=answers,
                    at=NOW,
                )
            )
    title = core.catalogue("t").skills[first].title
    known = {title: [Alignment(uri="https://case.example.org/1", framework="CASE")]}
    export(core, "t", tmp_path / "t.zip", alignments=known)
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        lines = [json.loads(line) for line in archive.read("achievements.jsonl").splitlines()]
        catalogue = json.loads(archive.read("catalogue.json"))
    assert len(COURSE) == len(catalogue["activities"])
    (line,) = lines
    Draft202012Validator(SPECIFIED).validate(line["credential"])
    assert line["learner"] == learner
    assert line["credential"]["credentialSubject"]["achievement"]["alignment"][0]["targetName"] == title
    assert jwt.get_unverified_header(line["jwt"])["alg"] == "RS256"
    assert {s["id"]: s["alignments"] for s in catalogue["skills"]}[first] == [
        {"uri": "https://case.example.org/1", "framework": "CASE"}
    ]
