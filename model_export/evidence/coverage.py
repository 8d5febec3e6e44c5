"""Where each of the 89 rules lives, and the test that would fail without it. docs/rules.md is made from this table.

The checker's functions are read from its own registry. What is named here is held to the code by
tests/model_export/evidence/test_coverage.py: every name can be imported, every test exists.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model_export.checker_case import CHECKS, COVERS
from model_export.evidence.copies import ROOT, SEED
from model_export.evidence.matrix import REQUIRED
from model_export.evidence.measures import RULES

DOCUMENT: Final = ROOT / "docs" / "rules.md"
_HERE = "model_export.evidence"
_TESTS = "tests/model_export/evidence"
PROOF: Final = (
    "tests/model_export/test_proofs.py::"
    "test_hundreds_of_random_routines_equal_the_reference_and_break_no_hard_rule"
)

POLICY: Final[dict[str, tuple[str, ...]]] = {
    "W01": ("policy_tables:SEGMENTS",), "W02": ("policy:segment_phase", "policy:segment_ends"),
    "W03": ("policy:warnings",), "W04": ("policy:opens",), "W05": ("choose:ramp", "choose:fixed_flow"),
    "W06": ("choose:capped",), "W07": ("policy:warnings",), "W09": ("policy:opens",), "W10": ("choose:choose",),
    "W11": ("policy:rule_mask",),
    "S01": ("policy:rule_mask",), "S02": ("policy:rule_mask",), "S03": ("policy:rule_mask",),
    "S04": ("policy:rule_mask",), "S05": ("policy:rule_mask",), "S06": ("policy:warnings",),
    "S07": ("policy:rule_mask",),
    "F01": ("policy:base_dose", "policy_tables:DOSE"), "F02": ("policy:base_dose",), "F03": ("policy:first_sets",),
    "F05": ("policy:opens",), "F06": ("policy:base_dose", "fit:fit"), "F10": ("policy:first_sets",),
    "P01": ("policy:rule_mask",), "P02": ("policy:rule_mask", "policy:segment_phase"),
    "P03": ("choose:capped", "policy_tables:DOSE"),
    "N03": ("choose:needs_balance",), "N04": ("policy:blocked_by", "policy:rule_mask"),
    "C04": ("policy:rule_mask", "policy:segment_ends"), "C05": ("policy:rule_mask",),
    "C06": ("choose:choose", "policy_tables:DOSE"), "C09": ("policy:rule_mask",),
    "L02": ("request:_strain", "request:_pain_regions", "policy:prepare"), "L04": ("policy:blocked_by",),
    "O01": ("choose:needs_balance", "policy:warnings"), "O03": ("policy:blocked_by",), "O04": ("policy:refer",),
    "O08": ("policy:refer",), "O10": ("policy:segment_phase", "policy:warnings"), "O11": ("policy:warnings",),
    "O12": ("policy:blocked_by",),
    "K01": ("policy:blocked_by",), "K03": ("policy:strained_muscle",), "K06": ("choose:needs_balance",),
    "K09": ("policy:warnings",), "K16": ("policy:strained_muscle",),
    **{f"X0{n}": ("policy:refer",) for n in range(1, 8)},
    "U01": ("fit:set_time",), "U02": ("policy_tables:TRANSITION", "fit:fit"), "U03": ("choose:choose", "order:order"),
    "U04": ("decode:_reason",), "U05": ("policy:blocked_by",), "U06": ("encode:noise",),
}  # fmt: skip
"""Rule -> where the routine is made to keep it, in `model_export`."""

ELSEWHERE: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(("C01", "C02", "C03", "N02", "W08"), ("lint", f"{_HERE}.claims:lint")),
    **dict.fromkeys(("F04", "F08", "F09"), ("measure", f"{_HERE}.week:measure_week")),
    "L01": ("assessment", f"{_HERE}.load:session_load"),
    "L03": ("assessment", f"{_HERE}.assessment:deficits"),
}
"""Rule that speaks of no single routine -> (what, module:function)."""

WHAT: Final = {
    "N01": "Measured in outline: the catalogue's drills are not the 11+'s own fifteen.",
    "O11": "The length is the person's wish; a shorter one is answered by a warning.",
    "W07": "The gap is the person's; a long one is answered by a warning.",
}
"""What a reader should know of a rule that is not kept to the letter."""


@dataclass(frozen=True)
class Row:
    """One rule: its document, the places where it lives as (what, module:name), and the tests that hold it."""

    rule: dict[str, Any]
    homes: list[tuple[str, str]]
    tests: list[str]

    @property
    def code(self) -> str:
        return str(self.rule["id"])


def rules(root: Path = ROOT) -> list[dict[str, Any]]:
    """The rules as the catalogue's seed has them, in its order."""
    found: list[dict[str, Any]] = json.loads((root / SEED / "rules.json").read_text(encoding="utf-8"))
    return found


def _checks() -> dict[str, str]:
    """Rule -> module:function of the checker that enforces it; the checks register when the checker is imported."""
    importlib.import_module("model_export.checker")
    functions = {entry.__name__: entry for entries in CHECKS.values() for entry in entries}
    return {
        code: f"{functions[name].__module__}:{name}" for code, name in COVERS.items() if name in functions
    }


def _homes(code: str, checks: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in POLICY.get(code, ()):
        yield ("warning" if name == "policy:warnings" else "policy"), f"model_export.{name}"
    if code in REQUIRED:
        yield "policy", "model_export.policy:prepare"
        yield "catalogue", f"{_HERE}.matrix:missing"
    if code in checks:
        yield "checker", checks[code]
    if code in RULES:
        yield "measure", f"{_HERE}.measures:{RULES[code].__name__}"
    if code in ELSEWHERE:
        yield ELSEWHERE[code]


def _tests(rule: dict[str, Any]) -> Iterator[str]:
    code = rule["id"]
    if code == "U06":
        name = "test_the_same_request_gives_the_same_bytes_and_another_seed_another_routine"
        yield f"tests/model_export/test_generator.py::{name}"
    elif rule["use"] in {"hard", "warn"}:
        yield f"{_TESTS}/test_tampering.py::test_the_check_of_a_hard_rule_sees_it_broken[{code}]"
        if code in REQUIRED:
            yield f"{_TESTS}/test_mutations.py::test_the_policy_without_the_matrix_is_caught_by_the_checker[{code}]"
        elif code not in {"F07", "U04"}:
            yield f"{_TESTS}/test_mutations.py::test_the_policy_without_a_rule_is_caught_by_the_checker[{code}]"
        yield PROOF
    elif rule["use"] == "claim":
        yield f"{_TESTS}/test_claims.py::test_each_claim_rule_is_broken_by_some_sentence[{code}]"
    elif code in RULES:
        yield f"{_TESTS}/test_measures.py::test_a_measure_can_be_missed_and_met[{code}]"
    elif code in {"F04", "F08", "F09"}:
        yield f"{_TESTS}/test_week.py::test_a_rule_of_the_week_can_be_missed_and_met[{code}]"
    elif code == "L01":
        yield f"{_TESTS}/test_load.py::test_load_is_effort_times_minutes"
    elif code == "L03":
        yield f"{_TESTS}/test_assessment.py::test_a_difference_of_two_centimetres_is_a_deficit"
    if code in REQUIRED:
        yield f"{_TESTS}/test_matrix.py::test_the_matrix_holds_what_the_rules_ask_for"
    if code == "L02":
        yield f"{_TESTS}/test_tampering.py::test_the_check_of_a_hard_rule_sees_it_broken[L02]"


def rows() -> list[Row]:
    """All 89, in the order of the rules."""
    checks = _checks()
    return [
        Row(rule, list(dict.fromkeys(_homes(rule["id"], checks))), list(_tests(rule))) for rule in rules()
    ]


def _short(name: str) -> str:
    module, function = name.removeprefix("model_export.").split(":")
    return f"`{module.removeprefix('evidence.')}.{function}`"


def _link(node: str) -> str:
    """A test's file and its case, the function is in the list above; the proof, which most have, by one word."""
    if node == PROOF:
        return "proof"
    file, _, name = node.partition("::")
    _, bracket, case = name.partition("[")
    return f"`{Path(file).name}`{' ' + bracket + case if case else ''}"


def _functions(found: list[Row]) -> str:
    """The tests that the table's last column means, a line each."""
    names = dict.fromkeys(node.partition("[")[0] for row in found for node in row.tests)
    return "\n".join(f"- `{name}`" for name in names)


HEAD = """# The rules, where they live and what holds them

Made by `python -m model_export rules --write` from `model_export/evidence/coverage.py`; a test keeps it so. The rules
are those of `server/catalog/seed/rules.json`, which has bound, source and grade of each.

- **Use**: *hard* is an invariant of every routine; *score* is an objective, measured by
  `python -m model_export measure`; *warn* makes a warning due; *claim* says what copy may not say, held by
  `python -m model_export lint-copy`.
- **Grade**: A reviews and guidelines, B trials and cohorts, C consensus, mechanism or a product rule. Most exclusions
  rest on consensus: they are precautions.
- **Where**: *policy* makes the routine so and *checker* re-reads it, sharing nothing with the policy; *catalogue* holds
  the matrix of conditions and hazards to the rules; *measure*, *lint* and *assessment* are functions.
- **Held by**: the test that fails without it. *proof* is `test_proofs.py`: random routines break no check. That this
  means something is shown twice for each hard rule: `test_tampering.py` breaks it in a good routine and its check must
  see that; `test_mutations.py` takes it out of the policy and the checker must object to what comes.
"""


def markdown() -> str:
    """docs/rules.md."""
    found = rows()
    lines = [
        HEAD,
        "The tests, whose cases bear the rule's name:",
        "",
        _functions(found),
        "",
        _counts(found),
        "",
        "| rule | use | grade | what | where | held by |",
        "|---|---|---|---|---|---|",
    ]
    for row in found:
        homes = "<br>".join(f"{what} {_short(name)}" for what, name in row.homes)
        tests = "<br>".join(_link(node) for node in dict.fromkeys(row.tests))
        what = " ".join([str(row.rule["rule"]), *([f"*{WHAT[row.code]}*"] if row.code in WHAT else [])])
        cells = [row.code, row.rule["use"], row.rule["grade"], what.replace("|", "\\|"), homes, tests]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _counts(found: list[Row]) -> str:
    uses = [row.rule["use"] for row in found]
    parts = [f"{uses.count(use)} {use}" for use in ("hard", "score", "warn", "claim")]
    return f"{len(found)} rules: {', '.join(parts)}."
