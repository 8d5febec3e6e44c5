"""The independent safety checker: re-reads a finished routine against the catalogue and the hard rules.

It shares nothing with the policy: it works on documents, the payload and the routine's JSON. Each check is one rule of
evidence.json or of the contract; the app carries the same checks in TypeScript, held together by shared cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_export import checker_kinds, checker_people
from model_export.checker_case import CHECKS, COVERS, Case, Violation

__all__ = ["COVERS", "Violation", "check", "checker_kinds", "checker_people"]


def check(catalog: Any, payload: Mapping[str, Any], routine: Mapping[str, Any]) -> list[Violation]:
    """All violations of one routine; empty when it is safe to show. `payload` must be well-formed."""
    known = {e["slug"]: e for e in catalog.exercises}
    unknown = [i["slug"] for i in routine["items"] if i["slug"] not in known]
    if unknown:
        return [Violation("contract", f"{slug} is not in the catalogue") for slug in unknown]
    case = Case(
        catalog, payload["request"], payload.get("profile") or {},
        payload.get("history") or {}, routine,
        [(item, known[item["slug"]]) for item in routine["items"]],
    )  # fmt: skip
    checks = CHECKS if routine["status"] == "ok" else {"X01": CHECKS["X01"], "warnings": CHECKS["warnings"]}
    return [
        Violation(name, text) for name, entries in checks.items() for entry in entries for text in entry(case)
    ]
