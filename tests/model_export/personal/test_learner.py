"""A device's side of it: a state is kept, sent, refused when it is not one, and reset."""

import base64
import dataclasses
import json

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_export import contract
from model_export.arrays import NumpyOps
from model_export.encode import Catalog
from model_export.graphs import operators
from model_export.personal import learn, spec
from model_export.personal.export import build_learn_graph
from model_export.personal.runtime import Learner, LearnerError, checksum
from model_export.request import RequestError


@pytest.fixture(scope="module")
def taught(learner, catalog):
    """A state after a hundred answers."""
    rng, slugs = np.random.default_rng(3), list(catalog.places)
    feedback = [
        (slugs[i], int(r))
        for i, r in zip(rng.integers(0, len(slugs), 100), rng.integers(-2, 3, 100), strict=True)
    ]
    return learner.update(learner.initial_state(), catalog, feedback)


def sealed(learner, state, *, contract=spec.CONTRACT, tag=None, cut=0):
    """A text with a right checksum for whatever it holds: what somebody who means harm would send."""
    header = np.array([contract, learner.state["tag"] if tag is None else tag, state[0]], "<i4").tobytes()
    rows = [row[place:] for place, row in enumerate(learner.matrix(state))]
    content = header + np.concatenate(rows).astype("<i2").tobytes()[: -cut or None]
    return base64.b64encode(content + checksum(content).to_bytes(4, "little")).decode()


def test_features_are_what_the_documents_say(items, catalog):
    """Every taste feature of every exercise, from the documents alone."""
    regions = {code: entry["region"] for code, entry in catalog.vocabulary["muscles"].items()}

    def has(row, exercise):
        tensor = row.get("tensor")
        if tensor is None:
            return True
        if tensor == "item_type":
            return exercise["type"] in row["codes"]
        if tensor == "item_default_position":
            return exercise["positions"][0] in row["codes"]
        if tensor == "item_muscle":
            return any(regions[muscle] in row["codes"] for muscle in exercise["primary_muscles"])
        if tensor == "item_hazard":
            return any(hazard in row["codes"] for hazard in exercise["hazards"])
        if tensor == "item_equipment":
            return any(code not in [*row["except"], "none"] for code in exercise["equipment"])
        value = {
            "difficulty": exercise["difficulty"],
            "met10": round(exercise["met"] * 10),
            "sides": exercise["dose"]["sides"],
        }
        return value[row["column"]] >= row["at_least"]

    for exercise, row in zip(catalog.exercises, items, strict=True):
        assert [bool(x) for x in row] == [has(feature, exercise) for feature in spec.TASTE], exercise["slug"]


def test_every_feature_tells_exercises_apart_and_every_code_of_the_spec_exists(items, catalog, learner):
    assert (items[:, 1:].sum(0) > 0).all()
    assert (items[:, 1:].mean(0) < 0.6).all()
    assert items.sum(1).max() <= spec.MOST_ACTIVE
    vocabulary = {"item_type": "types", "item_default_position": "positions", "item_muscle": "regions",
                  "item_hazard": "hazards", "item_equipment": "equipment"}  # fmt: skip
    for row in spec.TASTE:
        for code in row.get("codes", row.get("except", [])):
            assert code in learner.vocabulary[vocabulary[row["tensor"]]], row["name"]


def test_the_bounds_that_the_proof_takes_for_granted():
    assert spec.PRIOR // spec.FORGET > spec.K
    assert spec.FORGET * spec.K < spec.PRIOR
    assert spec.GAIN**2 > spec.PRIOR * 2 * spec.PRIOR * spec.MOST_ACTIVE
    widest = spec.NOISE + spec.GAIN * spec.MOST_ACTIVE
    assert spec.GAIN**2 + widest // 2 < 2**31
    assert spec.BOUND < 2**15
    assert spec.BOUND * spec.MOST_ACTIVE * spec.POINTS < 2**31


def test_who_never_gave_feedback_has_no_tilt(learner, catalog):
    assert not learner.initial_state().any()
    assert not learner.personal(learner.initial_state(), catalog).any()


def test_a_state_survives_being_stored_as_text(learner, taught):
    text = learner.to_text(taught)
    assert learner.from_text(text).tobytes() == taught.tobytes()
    assert learner.to_text(learner.from_text(text)) == text
    assert len(text) < 1400
    assert text == sealed(learner, taught)


def test_a_reset_is_never_having_learned_to_the_byte(learner, catalog, taught):
    """Whatever was learned before: same state, same text, same tilt, and the same future."""
    reset = learner.initial_state()
    fresh = Learner.load(build_learn_graph(learner.vocabulary).SerializeToString(deterministic=True))
    assert learner.to_text(reset) == fresh.to_text(fresh.initial_state())
    slugs = list(catalog.places)
    assert learner.update(taught, catalog, [(slugs[0], 2)]).tobytes() != reset.tobytes()
    after = learner.update(reset, catalog, [(slugs[0], 2), (slugs[9], -2)])
    assert (
        after.tobytes()
        == fresh.update(fresh.initial_state(), catalog, [(slugs[0], 2), (slugs[9], -2)]).tobytes()
    )


def bad_texts(learner, taught):
    """(what the refusal says, text)"""
    good = base64.b64decode(learner.to_text(taught))
    flipped = good[:500] + bytes([good[500] ^ 4]) + good[501:]
    wide, narrow, negative, grown = (taught.copy() for _ in range(4))
    wide[40] = spec.BOUND + 1
    narrow[40] = -spec.BOUND - 1
    negative[0] = -1
    grown[1] = 1
    return [
        ("must be the text", 7),
        ("must be the text", good),
        ("not base64", "not a state!"),
        ("not base64", learner.to_text(taught)[:-1]),
        ("cut off", base64.b64encode(b"1234").decode()),
        ("under contract 2", sealed(learner, taught, contract=2)),
        ("other taste features", sealed(learner, taught, tag=1)),
        ("holds 1004 bytes instead of 1006", sealed(learner, taught, cut=2)),
        ("checksum", base64.b64encode(flipped).decode()),
        *(("learning can reach", sealed(learner, state)) for state in (wide, narrow, negative, grown)),
    ]


def test_a_state_that_is_none_is_refused_with_the_reason_and_the_routine_goes_without(
    learner, catalog, taught
):
    for reason, text in bad_texts(learner, taught):
        with pytest.raises(RequestError, match=reason) as error:
            learner.from_text(text)
        assert error.value.field == "history.learned"
        personal, why = learner.personal_of(catalog, text)
        assert not personal.any()
        assert why == error.value.reason


@given(at=st.integers(0, 1005), bit=st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_no_single_flipped_bit_goes_unseen(learner, taught, at, bit):
    content = bytearray(base64.b64decode(learner.to_text(taught)))
    content[at] ^= 1 << bit
    with pytest.raises(RequestError):
        learner.from_text(base64.b64encode(bytes(content)).decode())


@given(text=st.text(max_size=60) | st.binary(max_size=1100).map(lambda b: base64.b64encode(b).decode()))
@settings(max_examples=150, deadline=None)
def test_any_text_is_refused_in_words(learner, text):
    with pytest.raises(RequestError):
        learner.from_text(text)


def test_a_good_state_tilts_and_none_does_not(learner, catalog, taught):
    personal, why = learner.personal_of(catalog, learner.to_text(taught))
    assert personal.any()
    assert why == ""
    nothing, why = learner.personal_of(catalog, None)
    assert not nothing.any()
    assert why == ""


def test_feedback_on_an_exercise_that_left_the_catalogue_is_left_out(learner, catalog):
    start, slug = learner.initial_state(), catalog.exercises[0]["slug"]
    assert learner.update(start, catalog, [("gone", 2), (slug, 1)])[0] == 1


@pytest.mark.parametrize("value", [3, -3, 1.5, None, "2"])
def test_a_reward_that_is_none_is_refused_by_name(learner, catalog, value):
    slug = catalog.exercises[0]["slug"]
    with pytest.raises(ValueError, match=slug):
        learner.update(learner.initial_state(), catalog, [(slug, value)])


def test_a_new_catalogue_keeps_what_was_learned(learner, catalog, taught):
    """State is in the space of features: without every third exercise the rest keep their points to the integer."""
    kept = [e for i, e in enumerate(catalog.exercises) if i % 3]
    smaller = Catalog(2, kept, catalog.activities, catalog.conditions, catalog.vocabulary)
    before, after = learner.personal(taught, catalog), learner.personal(taught, smaller)
    assert after.tolist() == [before[catalog.places[e["slug"]]] for e in kept]


def test_a_twin_that_is_new_gets_the_points_of_its_old_twin(learner, catalog, taught):
    twin = {**catalog.exercises[5], "slug": "zz-new-twin"}
    grown = Catalog(2, [*catalog.exercises, twin], catalog.activities, catalog.conditions, catalog.vocabulary)
    personal = learner.personal(taught, grown)
    assert personal[-1] == personal[5]


def test_a_learner_for_a_grown_vocabulary_reads_the_old_state(learner, catalog, taught):
    """A code more in every vocabulary changes no feature, so neither the tag nor a single point."""
    grown = {name: sorted([*codes, "a_new_code"]) for name, codes in learner.vocabulary.items()}
    newer = Learner.load(build_learn_graph(grown).SerializeToString())
    state = newer.from_text(learner.to_text(taught))
    assert newer.personal(state, catalog).tolist() == learner.personal(taught, catalog).tolist()


def test_a_vocabulary_without_a_features_codes_gives_nobody_the_feature(learner, catalog):
    lacking = {
        **learner.vocabulary,
        "hazards": [code for code in learner.vocabulary["hazards"] if not code.startswith("impact")],
        "types": [code for code in learner.vocabulary["types"] if code != "breathing"],
    }
    poorer = Learner.load(build_learn_graph(lacking).SerializeToString())
    found = learn.taste_features(NumpyOps(), lacking, poorer.tensors(catalog))
    names = [row["name"] for row in spec.TASTE]
    assert not found[:, names.index("jumping")].any()
    assert not found[:, names.index("type:breathing")].any()
    state = poorer.update(poorer.initial_state(), catalog, [(catalog.exercises[0]["slug"], 2)])
    assert poorer.personal(state, catalog).any()


def test_a_feature_that_changes_its_meaning_changes_the_tag_and_its_wording_does_not(learner):
    reworded = [{**row, "says": "x"} for row in spec.TASTE]
    changed = [*spec.TASTE[:-1], {**spec.TASTE[-1], "except": ["mat"]}]
    assert spec.tag(reworded) == learner.state["tag"]
    assert spec.tag(changed) != learner.state["tag"]


def test_the_file_keeps_the_generators_contract_and_is_small(learn_model):
    model = onnx.load_from_string(learn_model)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", contract.OPSET)]
    assert model.ir_version == contract.IR
    assert operators(model.graph) <= contract.OPERATORS
    assert {v.type.tensor_type.elem_type for v in [*model.graph.input, *model.graph.output]} == {
        onnx.TensorProto.INT32
    }
    assert len(learn_model) < 16_000


def test_the_file_is_the_same_bytes_every_time(learner, learn_model):
    again = build_learn_graph(learner.vocabulary).SerializeToString(deterministic=True)
    assert again == learn_model


def test_an_operator_outside_the_contract_is_refused(learner, monkeypatch):
    monkeypatch.setattr(contract, "OPERATORS", contract.OPERATORS - {"Loop"})
    with pytest.raises(ValueError, match="outside the contract: Loop"):
        build_learn_graph(learner.vocabulary)


def with_metadata(learn_model, **changed):
    model = onnx.load_from_string(learn_model)
    values = {p.key: p.value for p in model.metadata_props} | changed
    onnx.helper.set_model_props(model, {key: value for key, value in values.items() if value is not None})
    return model.SerializeToString()


def test_a_file_that_is_no_learner_is_refused_with_the_reason(learn_model, held, tmp_path):
    for content, reason in {
        with_metadata(learn_model, learn_contract="2"): "speaks contract 2, this runtime speaks 1",
        with_metadata(learn_model, taste=None): "taste.*missing",
        with_metadata(learn_model, points="{"): "malformed",
        held.model: "learn_contract.*missing",
        learn_model[:500]: "cannot load",
        b"": "cannot load",
    }.items():
        with pytest.raises(LearnerError, match=reason):
            Learner.load(content)
    with pytest.raises(LearnerError, match="cannot read"):
        Learner.load(tmp_path / "none.onnx")


def test_a_graph_that_does_not_run_is_said_to(learner, learn_model, catalog):
    """A learner that asks for another length of state than its metadata say."""
    other = Learner.load(with_metadata(learn_model, state=json.dumps({**learner.state, "length": 5})))
    with pytest.raises(LearnerError, match="does not run"):
        other.personal(other.initial_state(), catalog)


def test_a_learner_reads_the_metadata_that_travels_in_the_file(learner, learn_model, tmp_path):
    path = tmp_path / "learn.onnx"
    path.write_bytes(learn_model)
    again = Learner.load(path)
    assert [getattr(again, f.name) for f in dataclasses.fields(Learner)[1:]] == [
        getattr(learner, f.name) for f in dataclasses.fields(Learner)[1:]
    ]
    assert json.loads(json.dumps(spec.TASTE)) == again.taste
