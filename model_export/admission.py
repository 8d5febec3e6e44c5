"""The cheap gates: what a server checks of every model before it is released, and `verify` before all else.

They judge the two files alone, in well under a second: no catalogue, no random requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import brotli
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from model_export.contract import CONTRACT, IR, ML_OPSET, OPERATORS, OPSET
from model_export.golden import check_golden
from model_export.graphs import operators
from model_export.runtime import Generator, ModelError
from sync.canonical import sha256_hex

MAX_BYTES: Final = 300_000
AIM_BROTLI: Final = 30_000
METADATA: Final = ("contract", "vocabulary", "feature_spec", "wording")
_TYPES: Final = {onnx.TensorProto.INT32, onnx.TensorProto.FLOAT}


@dataclass(frozen=True)
class Gate:
    """One gate: what was found, what is asked, and whether that is met. None: it was left out on purpose.

    `why` says, for a gate that failed, what is wrong.
    """

    name: str
    passed: bool | None
    found: str
    limit: str
    why: str = ""


class Rejected(ValueError):
    """A cheap gate failed; `gates` are all that were tried."""

    def __init__(self, gates: list[Gate]) -> None:
        self.gates = gates
        super().__init__(
            "; ".join(f"{gate.name}: {gate.why or gate.found}" for gate in gates if gate.passed is False)
        )


def admit(model: bytes, golden: bytes) -> dict[str, Any]:
    """What a manifest says of two files that pass the cheap gates. Raises Rejected."""
    found = list(cheap(model, golden))
    if any(gate.passed is False for gate in found):
        raise Rejected(found)
    return {
        "sha256": sha256_hex(model),
        "bytes": len(model),
        "contract": CONTRACT,
        "opset": OPSET,
        "ir": IR,
        "operators": sorted(operators(onnx.load_from_string(model).graph)),
        "golden": {"sha256": sha256_hex(golden), "bytes": len(golden)},
    }


def cheap(content: bytes, golden: bytes) -> Iterator[Gate]:
    """The cheap gates in order; stops after the first that makes the others meaningless."""
    yield Gate("size", len(content) <= MAX_BYTES, f"{len(content):,} bytes", f"≤ {MAX_BYTES:,}", "too large")
    packed = len(brotli.compress(content))
    yield Gate("brotli", True, f"{packed:,} bytes", f"aim {AIM_BROTLI:,}")
    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        yield Gate(
            "loads", False, "not an ONNX file", f"contract {CONTRACT}", f"truncated or damaged: {error}"
        )
        return
    yield _metadata(model)
    yield _pinned(model)
    foreign = sorted(operators(model.graph) - OPERATORS)
    count = f"{len(operators(model.graph))} operators, {len(foreign)} foreign"
    yield Gate("operators", not foreign, count, "0 foreign", f"outside the contract: {', '.join(foreign)}")
    yield _interface(model)
    try:
        generator = Generator.load(content)
    except ModelError as error:
        yield Gate("loads", False, "does not load", f"contract {CONTRACT}", str(error))
        return
    yield Gate("loads", True, f"contract {CONTRACT}, sha256 {generator.sha256[:12]}", f"contract {CONTRACT}")
    try:
        cases = check_golden(generator, golden)
        yield Gate("golden", True, f"{cases} cases", "all equal")
    except Exception as error:  # a model that raises on a golden case fails it, whatever it raises
        yield Gate("golden", False, "not equal", "all equal", str(error))


def _metadata(model: onnx.ModelProto) -> Gate:
    """Every entry is there and is JSON, and the contract is ours."""
    held = {entry.key: entry.value for entry in model.metadata_props}
    wrong = [name for name in METADATA if not _is_json(held.get(name))]
    why = f"missing or not JSON: {', '.join(wrong)}"
    if not wrong and json.loads(held["contract"]) != CONTRACT:
        wrong, why = ["contract"], f"the model speaks contract {held['contract']}, this pipeline {CONTRACT}"
    found = f"{len(METADATA) - len(wrong)} of {len(METADATA)} entries"
    return Gate("metadata", not wrong, found, "all", why)


def _is_json(text: str | None) -> bool:
    try:
        return text is not None and json.loads(text) not in (None, "", [], {})
    except ValueError:
        return False


def _pinned(model: onnx.ModelProto) -> Gate:
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    wanted = {"ai.onnx": OPSET, "ai.onnx.ml": ML_OPSET}

    def shown(versions: Mapping[str, int], ir: int) -> str:
        return ", ".join(f"{name} {number}" for name, number in sorted(versions.items())) + f", IR {ir}"

    passed = opsets == wanted and model.ir_version == IR
    return Gate(
        "opset", passed, shown(opsets, model.ir_version), shown(wanted, IR), "phones' runtimes need these"
    )


def _interface(model: onnx.ModelProto) -> Gate:
    """Only int32 and float32 go in and out."""
    values = [*model.graph.input, *model.graph.output]
    other = [value.name for value in values if value.type.tensor_type.elem_type not in _TYPES]
    count = f"{len(model.graph.input)} inputs, {len(model.graph.output)} outputs"
    return Gate("interface", not other, count, "int32, float32", f"of another type: {', '.join(other)}")


# --- the evaluation that came with it --------------------------------------------------------------------

MARGIN: Final = -0.01
"""A family is lost when its interval reaches below this. Not 0: in some nothing can be gained, by construction."""

WORSE: Final = -0.02
"""A cohort is worse when its whole interval is below 0, or its difference is below this."""


def judged(evaluation: Any, sha256: str) -> list[Gate]:
    """The gates on a run's evaluation.json: of this very model, better over all and lost in none, no cohort worse.

    {"model_sha256", "all": {"difference", "interval": [lo, hi]},
    "families": {name: {"model", "rules_only", "difference", "interval": [lo, hi]}},
    "cohorts": {name: {"difference", "interval", "sessions"}}, "simulation_only": bool}
    """
    try:
        families, cohorts = (_read(evaluation, name) for name in ("families", "cohorts"))
        measured, pooled = str(evaluation["model_sha256"]), float(evaluation["all"]["interval"][0])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"the evaluation is malformed: {error!r}"
        return [Gate("evaluation", False, "unreadable", "of this model", why)]
    mine = Gate("evaluation", measured == sha256, measured[:12], sha256[:12], "it is of another model")
    lost = [name for name, (_, low, _) in families.items() if low < MARGIN]
    least = min(((low, name) for name, (_, low, _) in families.items()), default=(0.0, "none"))
    better = Gate(
        "families", bool(families) and not lost and pooled > 0,
        f"all {pooled:+.4f}, least {least[0]:+.4f} ({least[1]}) of {len(families)}", f"all > 0, none < {MARGIN:+.2f}",
        f"may lose to rules-only in {', '.join(lost)}" if lost else "not better than rules-only over all families",
    )  # fmt: skip
    worse = [name for name, (difference, _, high) in cohorts.items() if high < 0 or difference < WORSE]
    lowest = min(((difference, name) for name, (difference, _, _) in cohorts.items()), default=(0.0, "none"))
    equal = Gate(
        "cohorts", bool(cohorts) and not worse, f"least {lowest[0]:+.4f} ({lowest[1]}) of {len(cohorts)}",
        f"none worse (≥ {WORSE:+.2f})",
        f"worse than rules-only: {', '.join(worse)}" if worse else "no cohort was evaluated",
    )  # fmt: skip
    return [mine, better, equal]


def _read(evaluation: Any, what: str) -> dict[str, tuple[float, float, float]]:
    """{name: (difference, low, high)}."""
    found = {}
    for name, entry in evaluation[what].items():
        low, high = map(float, entry["interval"])
        difference = float(entry["difference"])
        if not low <= difference <= high:
            raise ValueError(f"{what}.{name}: the interval does not hold the difference")
        found[str(name)] = (difference, low, high)
    return found
