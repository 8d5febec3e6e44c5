"""The shipped file against the numpy reference and the independent checker, on random people."""

import numpy as np
import onnx
import pytest

from model_export import verify
from model_export.checker import COVERS
from tests.thorough import often

CHUNK = 1000
CHUNKS = often(2, 100)
"""2,000 routines in an ordinary run, 100,000 in a thorough one."""


def proved(held, requests, seed):
    tally = verify.prove(held.model, held.catalog, requests, seed)
    assert (tally.different, tally.unsafe) == (0, 0), tally.first
    # Few combinations of wishes leave nothing to open with, or too little to fill the time; they are refused in words.
    assert tally.refused <= requests // 100


def test_hundreds_of_random_routines_equal_the_reference_and_break_no_hard_rule(held):
    proved(held, 300, seed=99)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_thousands_of_random_routines_equal_the_reference_and_break_no_hard_rule(held, chunk):
    proved(held, CHUNK, seed=1000 + chunk)


def test_every_hard_rule_of_a_single_routine_has_a_check(catalog):
    """U06, determinism, speaks of two routines and has a test of its own."""
    hard = {code for code, entry in catalog.vocabulary["rules"].items() if entry["use"] == "hard"}
    assert hard - set(COVERS) == {"U06"}


def test_the_gates_pass_for_the_bundle(held):
    """All but time, which the bench measures, and the evaluation, which the bundled prior has none of."""
    results = list(
        verify.gates(held.model, held.golden, held.catalog, requests=20, unevaluated=True, max_ms=1000)
    )
    assert [g.name for g in results if g.passed is False] == []
    assert {"size", "opset", "operators", "golden", "parity", "safety", "served", "latency"} <= {
        g.name for g in results
    }


def test_a_tampered_scorer_fails_the_parity_gate_or_the_golden_cases(held):
    """Leaves changed in the file alone: the golden cases no longer come out."""
    model = onnx.load_from_string(held.model)
    trees = next(n for n in model.graph.node if n.op_type == "TreeEnsembleRegressor")
    weights = next(a for a in trees.attribute if a.name == "target_weights")
    changed = [-w for w in weights.floats]
    del weights.floats[:]
    weights.floats.extend(changed)
    results = verify.gates(model.SerializeToString(), held.golden, held.catalog, requests=5)
    assert "golden" in {g.name for g in results if not g.passed}


def test_a_graph_that_forgets_the_safety_mask_fails_the_safety_gate(held):
    """The condition matrix zeroed inside the graph, and the device's own guard with it."""
    conditions = {c: {**d, "exclude": []} for c, d in held.catalog.conditions.items()}
    blind = type(held.catalog)(
        1, held.catalog.exercises, held.catalog.activities, conditions, held.catalog.vocabulary
    )
    generator = verify.Generator.load(held.model)
    rng = np.random.default_rng(3)
    broken = 0
    for _ in range(60):
        given = verify.payload(rng, held.catalog)
        request = verify.parse(given, blind)
        outputs = verify.run_graph(generator, blind, request)
        routine = verify.decode(blind, request, outputs, generator.vocabulary, generator.wording, "x")
        broken += bool([v for v in verify.check(held.catalog, given, routine) if v.rule == "hazards"])
    assert broken > 5
