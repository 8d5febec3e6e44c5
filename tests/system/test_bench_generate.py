"""The bench's baseline computes what numpy computes, and its account of growth adds up."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_export import bundle, sampling
from model_export.arrays import NumpyOps
from model_export.encode import encode
from model_export.policy import run
from model_export.request import parse
from model_export.runtime import Generator
from model_export.trees import read_trees

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rooms() -> Iterator[SimpleNamespace]:
    """The bench's own modules, as the script imports them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        from bench_lib import generate, generate_ways, growth, list_ops, report

        yield SimpleNamespace(
            generate=generate, ways=generate_ways, growth=growth, list_ops=list_ops, report=report
        )


def same(found: Any, wanted: Any) -> bool:
    wanted = np.asarray(wanted)
    return found.shape == wanted.shape and [int(x) for x in found.data] == wanted.astype(int).ravel().tolist()


shapes = st.sampled_from(
    [((), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 3), ()), ((4, 1, 3), (2, 1)), ((3,), (3,))]
)


@given(shapes, st.integers(0, 2**32 - 1))
def test_lists_broadcast_as_numpy_does(rooms: SimpleNamespace, two: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 9, shape) for shape in two)
    plain, ops = rooms.list_ops.plain, rooms.list_ops.ListOps()
    pa, pb = plain(a), plain(b)
    assert same(pa + pb, a + b)
    assert same(pa - pb, a - b)
    assert same(3 - pa, 3 - a)
    assert same((pa > pb) | ~(pa >= 4), (a > b) | ~(a >= 4))
    assert same(ops.minimum(pa, pb), np.minimum(a, b))
    assert same(ops.where(pa > 4, pb, -1), np.where(a > 4, b, -1))
    assert same(ops.eq(pa, pb), np.equal(a, b))


@given(st.integers(0, 2**32 - 1))
def test_lists_reduce_gather_and_multiply_as_numpy_does(rooms: SimpleNamespace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cube, matrix, vector = (rng.integers(0, 5, shape) for shape in ((2, 3, 4), (3, 4), (4,)))
    places = rng.integers(0, 3, 5)
    plain, ops, wanted = rooms.list_ops.plain, rooms.list_ops.ListOps(), NumpyOps()
    for axis in range(3):
        for name in ("sum", "max", "argmax"):
            assert same(getattr(ops, name)(plain(cube), axis), getattr(wanted, name)(cube, axis))
    for axis in (0, 1):
        assert same(ops.take(plain(matrix), plain(places), axis), wanted.take(matrix, places, axis))
        assert same(ops.take(plain(matrix), 2, axis), wanted.take(matrix, 2, axis))
    assert same(ops.matmul(plain(matrix), plain(vector)), matrix @ vector)
    assert same(ops.matmul(plain(matrix), plain(matrix.T)), matrix @ matrix.T)
    for found, right in zip(ops.top(plain(vector), 3), wanted.top(vector, 3), strict=True):
        assert same(found, right)
    assert same(ops.hcat([plain(matrix), plain(matrix * 2)]), wanted.hcat([matrix, matrix * 2]))
    assert same(ops.columns([plain(vector)] * 2), wanted.columns([vector] * 2))
    assert same(ops.cumsum(plain(vector)), np.cumsum(vector))


def test_the_policy_on_plain_lists_gives_every_output_of_numpys(rooms: SimpleNamespace) -> None:
    held = bundle.read()
    generator, trees = Generator.load(held.model), read_trees(onnx.load_from_string(held.model))
    scorer, rng = rooms.list_ops.plain_scorer(trees), np.random.default_rng(5)
    for number in range(3):
        request = parse(sampling.payload(rng, held.catalog, red_flags=number == 0), held.catalog)
        given_ = encode(held.catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
        lists = {name: rooms.list_ops.plain(value) for name, value in given_.items()}
        found = run(rooms.list_ops.ListOps(), generator.vocabulary, lists, scorer)
        wanted = run(NumpyOps(), generator.vocabulary, given_, trees)
        assert [name for name, value in wanted.items() if not same(found[name], value)] == []


def test_a_plan_that_differs_stops_the_bench(rooms: SimpleNamespace) -> None:
    found = rooms.ways.Measured(plans={rooms.ways.NUMPY: {0: "a", 1: "b"}, "wasm: graph alone": {1: "c"}})
    with pytest.raises(rooms.report.BenchError, match="request 1: wasm: graph alone and policy in numpy"):
        rooms.ways.compare(found, "catalogue 0")


def test_copies_fill_a_catalogue_with_new_slugs(rooms: SimpleNamespace) -> None:
    exercises = bundle.read().catalog.exercises
    added = rooms.generate.copies(exercises, 1000)["exercises"]
    slugs = {extra["slug"] for extra in added} | {exercise["slug"] for exercise in exercises}
    assert len(slugs) == 1000


def growth(name: str, power: float) -> list[dict[str, Any]]:
    base = 100**power
    return [
        {"bench": "growth", "row": name, "items": n, "p50_ms": n**power, "ratio_to_least": n**power / base}
        for n in (100, 1000, 10_000)
    ]


def test_growth_shows_ratios_the_power_and_a_plot(rooms: SimpleNamespace) -> None:
    text = rooms.growth.text([*growth("linear", 1.0), *growth("root", 0.5)])
    linear, root = (line for line in text.splitlines() if line.startswith(("A", "B")))
    assert linear.split() == ["A", "linear", "100", "(1.0)", "1,000", "(10.0)", "10,000", "(100.0)", "1.00"]
    assert root.split()[-1] == "0.50"
    plot = text.split("\n\n")[1]
    assert (plot.count("A"), plot.count("B")) == (3, 3)
    assert "10,000 ms |" in plot
    assert plot.splitlines()[-1].split() == ["100", "1,000", "10,000", "items"]


def test_one_size_has_no_growth_to_show(rooms: SimpleNamespace) -> None:
    assert rooms.growth.text(growth("linear", 1.0)[:1]) == ""
