"""Motion clips: the content's are well formed, each kind of mistake is found, and a clip goes with its exercise."""

import copy
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from model_export.encode import Catalog
from server.catalog import motion
from server.catalog.content import SEED, SeedInvalid, read_seed, validate
from server.catalog.publish import load_seed, publish_release
from server.catalog.tables import catalog_document
from sync import store
from sync.canonical import canonical, check_document
from sync.objects import open_store
from tests.thorough import often

CATALOG = read_seed()
CLIPS = {slug: data for (collection, slug), data in CATALOG.items() if collection == "motion"}
SQUAT: dict[str, Any] = {
    "slug": "air-squat",
    "view": "quarter",
    "base": "stand",
    "seconds": 3,
    "keys": [
        {},
        {"hips": [-20, 52], "pelvis": 35, "spine": -5, "shoulderR": [85, 10], "handL": ["kneeX", 1]},
    ],
    "props": [["chair", 0], ["ball", [0, 1, 2], 4]],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The squat with one value set at a dotted path, or deleted where the value is `...`."""
    data = copy.deepcopy(SQUAT)
    *parents, last = path.split(".")
    target: Any = data
    for name in parents:
        target = target[int(name) if name.isdigit() else name]
    if value is ...:
        del target[last]
    elif isinstance(target, list):
        target[int(last)] = value
    else:
        target[last] = value
    return data


def places(data: Any, slug: str = "air-squat") -> list[str]:
    """Where a catalogue with this one more clip is wrong."""
    return [problem.where for problem in validate({**CATALOG, ("motion", slug): data})]


def test_every_clip_of_the_content_is_small_and_of_an_exercise():
    assert CLIPS
    for slug, data in CLIPS.items():
        check_document(("motion", slug), data)
        assert ("exercise", slug) in CATALOG
        assert len(canonical(data)) <= motion.BYTES


def test_a_good_clip_is_found_good():
    assert places(SQUAT) == []
    assert places(SQUAT | {"view": [60, 20], "travel": [0, -40], "breath": [4, 0, 6], "ease": "flow"}) == []
    toes = {"bigtoe": 46, "smalltoesL": -6, "looseR": 1, "forearm": -80, "fingersL": 70}
    assert places(SQUAT | {"keys": [{}, toes], "close": ["feet", 25], "barefoot": True}) == []


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("view", "above", "view"),
        ("view", [1, 2, 3], "view"),
        ("base", ..., "base"),
        ("base", "all fours", "base"),
        ("seconds", 0, "seconds"),
        ("seconds", float("inf"), "seconds"),
        ("keys", [], "keys"),
        ("keys", [{}] * 13, "keys"),
        ("keys.0", [], "keys.0"),
        ("keys.0.kneeM", 4, "keys.0.kneeM"),
        ("keys.0.pelvisR", 4, "keys.0.pelvisR"),
        ("keys.1.hips", [0, 1, 2, 3, 4], "keys.1.hips"),
        ("keys.1.hips", [0, float("nan")], "keys.1.hips"),
        ("keys.1.spine", True, "keys.1.spine"),
        ("keys.1.spine", 4000, "keys.1.spine"),
        ("keys.1.handL", "the left knee", "keys.1.handL"),
        ("keys.1.t", 1.5, "keys.1.t"),
        ("keys", [{"t": 0.5}, {"t": 0.4}], "keys.1.t"),
        ("alternate", 1, "alternate"),
        ("breath", [2, 3], "breath"),
        ("breath", [0, 0, 0], "breath"),
        ("ease", "bounce", "ease"),
        ("props", ["mat"], "props"),
        ("props", [[]], "props"),
        ("props", [["ball", {"x": 1}]], "props"),
        ("props", [["mat"]] * 7, "props"),
        ("close", "feet", "close"),
        ("close", ["feet"], "close"),
        ("close", ["feet", 4], "close"),
        ("close", ["feet", True], "close"),
        ("close", [[0, 0, 0], 30], "close"),
        ("barefoot", 1, "barefoot"),
        ("keys.1.bigtoe", "all the way up", "keys.1.bigtoe"),
        ("keys.1.toe", 4, "keys.1.toe"),
        ("note", "two\nlines", "note"),
        ("colour", "red", "colour"),
        ("slug", "push-up", "slug"),
    ],
)
def test_a_mistake_in_a_clip_is_found_and_named(path: str, value: Any, field: str):
    assert places(changed(path, value)) == [f"motion/air-squat.{field}"]


def test_a_clip_that_holds_cannot_take_turns():
    assert places(SQUAT | {"alternate": True, "hold": True}) == ["motion/air-squat.hold"]


def test_a_clip_that_grew_too_large_is_refused():
    keys = [{"hips": [0.123456789, 52, -0.123456789], "pelvis": n / 7} for n in range(12)]
    big = SQUAT | {"keys": keys, "note": "x" * 300}
    (problem,) = validate({**CATALOG, ("motion", "air-squat"): big})
    assert (problem.where, "at most 900" in problem.message) == ("motion/air-squat", True)


def test_a_clip_of_no_exercise_is_refused():
    assert places(SQUAT | {"slug": "levitate"}, "levitate") == ["motion/levitate"]


@settings(deadline=None, max_examples=often(30, 200))
@given(
    value=JSON,
    path=st.sampled_from([*SQUAT, "keys.0", "keys.1", "keys.1.hips", "keys.1.spine", "props.0", "new"]),
)
def test_no_clip_however_wrong_makes_the_check_fail(value: Any, path: str):
    data = changed(path, value)
    assert all(
        problem.where and problem.message for problem in validate({**CATALOG, ("motion", "air-squat"): data})
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("juggling.json", "[]", "no such exercise type: juggling"),
        ("balance.json", "{}", "must hold a JSON list"),
        ("balance.json", '[{"view": "side"}]', "has no slug"),
        ("balance.json", '[{"slug": "handstand"}]', "handstand is no exercise of this type"),
        (
            "balance.json",
            '[{"slug": "hip-airplane"}, {"slug": "hip-airplane"}]',
            "hip-airplane is there twice",
        ),
    ],
)
def test_a_file_of_clips_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: str, words: str):
    seed = shutil.copytree(SEED, tmp_path / "seed")
    (seed / "motion" / name).write_text(content, encoding="utf-8")
    with pytest.raises(SeedInvalid, match=words):
        read_seed(seed)


def test_a_type_without_clips_needs_no_file(tmp_path: Path):
    seed = shutil.copytree(SEED, tmp_path / "seed")
    shutil.rmtree(seed / "motion")
    read = read_seed(seed)
    assert read == {key: data for key, data in CATALOG.items() if key[0] != "motion"}
    assert read


def test_the_generator_reads_the_same_catalogue_with_and_without_clips():
    documents = [{"collection": c, "id": i, "data": d} for (c, i), d in CATALOG.items()]
    plain = [document for document in documents if document["collection"] != "motion"]
    assert Catalog.from_documents(documents, 1) == Catalog.from_documents(plain, 1)


@pytest.fixture
def publish(conn: Connection, tmp_path: Path) -> Callable[[], Any]:
    objects = open_store(str(tmp_path / "objects"))
    key = Ed25519PrivateKey.generate()
    return lambda: publish_release(conn, objects, key, datetime(2026, 3, 4, tzinfo=UTC))


def test_a_clip_is_published_with_its_exercise_and_goes_with_it(conn: Connection, publish: Callable[[], Any]):
    # An exercise that no guide names as the easier or harder one.
    shrug = SQUAT | {"slug": "shrug-light"}
    documents = {**CATALOG, ("motion", "shrug-light"): shrug}
    load_seed(conn, documents)
    assert publish().manifest["manifest"]["documents"] == len(documents)
    c = catalog_document.c
    exercise = (c.collection == "exercise", c.id == "shrug-light")
    conn.execute(update(catalog_document).where(*exercise).values(state="retired"))
    assert publish() is not None
    held = store.state(conn, "catalog")
    gone = {key for key in documents if key not in held}
    assert gone >= {("exercise", "shrug-light"), ("motion", "shrug-light")}
    assert {slug for _, slug in gone} == {"shrug-light"}
    conn.execute(update(catalog_document).where(*exercise).values(state="approved"))
    assert publish() is not None
    assert store.state(conn, "catalog")["motion", "shrug-light"] == shrug
