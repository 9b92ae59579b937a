"""What somebody has mastered, as an Open Badges 3.0 credential, signed as a JSON Web Token.

After the Open Badges 3.0 specification (1EdTech, 2024) on the Verifiable Credentials Data Model 2.0, with
the proof format of its section on JSON Web Tokens: the public key stands in the header, so whoever reads the
token sees that it was not changed. Whether the key is an issuer's whom they trust, they must know otherwise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import jwt

from ..core.constraints import MASTERED_ANSWERS, MASTERED_LOW
from ..core.moving.parts import Estimate, MovedSkill
from ..core.store.tool_keys import ToolKey

CONTEXT = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
NAMESPACE = UUID("0e2f8e0b-7f0a-5f1e-8d57-0f6f7d3a6c55")
CRITERIA = (
    f"Estimated from at least {MASTERED_ANSWERS} answers: the low end of the interval of the probability "
    f"that the learner knows the skill is {MASTERED_LOW:.0%} or more. Nobody examined the learner, and "
    "nobody checked who gave the answers."
)


def credential(
    learner_id: str, skill: MovedSkill, known: Estimate, *, issuer: str, organisation: str
) -> dict[str, Any]:
    """The credential of one learner for one skill; the same estimate gives the same one.

    :param known: what is believed; it must be mastered.
    :param issuer: address of the installation.
    :param organisation: name of the tenant.
    """
    achievement = f"urn:stifinder:skill:{skill.id}"
    result = f"{achievement}:probability"
    named = f"{issuer}/{learner_id}/{skill.id}/{known.at.isoformat()}"
    return {
        "@context": list(CONTEXT),
        "id": uuid5(NAMESPACE, named).urn,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": skill.title,
        "issuer": {"id": issuer, "type": ["Profile"], "name": organisation},
        "validFrom": known.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "credentialSubject": {
            "id": f"urn:stifinder:learner:{learner_id}",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": achievement,
                "type": ["Achievement"],
                "achievementType": "Competency",
                "name": skill.title,
                "description": f"Knows {skill.title}, as far as answers in courses show.",
                "criteria": {"narrative": CRITERIA},
                "resultDescription": [
                    {
                        "id": result,
                        "type": ["ResultDescription"],
                        "name": "Low end of the probability of knowing it",
                        "resultType": "Percent",
                    }
                ],
                **({"alignment": _alignments(skill)} if skill.alignments else {}),
            },
            "result": [{"type": ["Result"], "resultDescription": result, "value": f"{100 * known.low:.0f}"}],
        },
        "credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }


def signed(made: dict[str, Any], key: ToolKey) -> str:
    """The credential as a compact JSON Web Signature (RS256)."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.private_key.public_key(), as_dict=True)
    header = {"jwk": {name: public[name] for name in ("kty", "n", "e")}}
    subject = made["credentialSubject"]["id"]
    valid_from = int(datetime.fromisoformat(made["validFrom"]).timestamp())
    claims = {**made, "iss": made["issuer"]["id"], "jti": made["id"], "sub": subject, "nbf": valid_from}
    return jwt.encode(claims, key.private_key, algorithm="RS256", headers=header)


def _alignments(skill: MovedSkill) -> list[dict[str, Any]]:
    return [
        {
            "type": ["Alignment"],
            "targetName": skill.title,
            "targetUrl": each.uri,
            **({"targetFramework": each.framework} if each.framework else {}),
            **({"targetType": "CFItem"} if each.framework == "CASE" else {}),
        }
        for each in skill.alignments
    ]
