"""Replay: rows are what was logged and what the graph saw; whatever is not what was logged is set aside."""

import copy
import json

import pytest

from model_export import bundle
from model_export.data import replay, shelf, table
from model_export.data.slots import parse
from model_export.policy import FEATURES
from model_export.request import parse as parse_request
from model_export.runtime import run_graph

SALT = b"a salt for tests only, 32 bytes."


def rows_of(folder):
    return table.read(folder).to_table().to_pylist()


def sessions(records):
    return [row for row in records if row["collection"] == "session"]


def catalog_documents():
    return json.loads((bundle.FOLDER / "catalog.json").read_text())["documents"]


def test_features_are_those_the_graph_saw(made, told, generator, catalog, build):
    """Each row's features are the graph's own output for that item and that request."""
    rows = iter(rows_of(made))
    for person in told[::2]:
        for record in sessions(person.rows):
            outputs = run_graph(generator, catalog, parse_request(record["data"]["payload"], catalog))
            for slot in record["data"]["slots"]:
                row = next(rows)
                item = catalog.places[slot["slug"]]
                assert (row["slug"], row["item"], row["place"]) == (slot["slug"], item, slot["place"])
                assert row["features"] == outputs["features"][item].tolist()
                if slot["explored"]:
                    drawn = row["candidate_items"]
                    assert row["candidate_features"] == outputs["features"][drawn].tolist()
    assert next(rows, None) is None
    assert table.features_of(table.read(made)) == list(FEATURES)


def test_an_explored_slot_knows_what_it_was_drawn_from(made):
    explored = [row for row in rows_of(made) if row["explored"]]
    assert len(explored) > 10
    for row in explored:
        assert row["item"] in row["candidate_items"]
        assert len(row["candidate_items"]) == round(1 / row["propensity"]) > 1
        assert row["features"] == row["candidate_features"][row["candidate_items"].index(row["item"])]
    others = [row for row in rows_of(made) if not row["explored"]]
    assert all(
        row["propensity"] == 1 and row["candidate_items"] is row["candidate_features"] is None
        for row in others
    )


def test_a_row_holds_what_was_logged(made, told):
    rows = iter(rows_of(made))
    for person in told[::2]:
        for record in sessions(person.rows):
            session = parse(record["data"])
            profile, request = session.payload["profile"], session.payload["request"]
            for slot in session.slots:
                row = next(rows)
                for name in (
                    "slug",
                    "place",
                    "propensity",
                    "explored",
                    "outcome",
                    "rating",
                    "pain",
                    "reward",
                ):
                    assert row[name] == getattr(slot, name)
                assert (row["at"], row["rpe"], row["model"]) == (session.at, session.rpe, session.model)
                assert (row["family"], row["kind"], row["activity"]) == (
                    person.family, request["kind"], request["activity"],
                )  # fmt: skip
                assert (row["age"], row["level"]) == (profile["age"], profile["level"])
                assert row["conditioned"] == bool(profile["conditions"])


def spoil(record, change):
    data = copy.deepcopy(record["data"])
    change(data)
    return {**record, "data": data}


def of_slot(name, value):
    return lambda data: data["slots"][0].update({name: value})


SPOILT = {
    "unknown model": lambda data: data.update(model="0" * 64),
    "unknown catalogue release": lambda data: data.update(catalog=999),
    "plan differs": of_slot("slug", "child-pose"),
    "malformed: slots.outcome": of_slot("outcome", "loved"),
    "malformed: rpe": lambda data: data.update(rpe="hard"),
    "malformed: payload.request.kind": lambda data: data["payload"]["request"].update(kind="party"),
    "malformed: payload.seed": lambda data: data["payload"].update(seed=-1),
}


@pytest.fixture(scope="module")
def replayed():
    """replayed(row, ...) -> what replaying them gives."""
    replayer = replay.Replayer(shelf.Opened(shelf.find(None)), SALT)
    return lambda *rows: replayer.replay([replay.Raw(row["stream"], row["data"]) for row in rows])


@pytest.mark.parametrize("reason", SPOILT)
def test_a_session_that_cannot_be_replayed_is_set_aside_with_the_reason(reason, records, replayed):
    good, bad, *_ = sessions(records)
    found = replayed(good, spoil(bad, SPOILT[reason]))
    assert found.set_aside == {reason: 1}
    assert (found.records, found.sessions) == (2, 1)
    assert found.batch.num_rows == len(good["data"]["slots"])


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["slots"][0].update(propensity=0.5, explored=True),
        lambda data: data["payload"].update(seed=data["payload"]["seed"] ^ 1),
        lambda data: data["payload"].update(explore=not data["payload"]["explore"]),
        lambda data: data["slots"].append({**data["slots"][0], "place": len(data["slots"])}),
        lambda data: data["payload"]["profile"].update(red_flags=["chest_pain"]),
    ],
)
def test_another_propensity_seed_or_length_is_another_plan(change, records, replayed):
    assert replayed(spoil(drawn(records), change)).set_aside == {"plan differs": 1}


def drawn(records):
    """A session with a drawn slot after the first place."""
    return next(
        row
        for row in sessions(records)
        if any(slot["explored"] and slot["place"] for slot in row["data"]["slots"])
    )


def test_a_routine_that_was_left_early_still_counts(records, replayed):
    record = spoil(drawn(records), lambda data: data["slots"].pop())
    found = replayed(record)
    assert found.batch.num_rows == len(record["data"]["slots"])
    assert not found.set_aside


def test_what_somebody_typed_does_not_become_a_reason(records, replayed):
    def typed(data):
        data["payload"]["history"]["exercises"]["slow-walk"] = {"my phone number": 1}

    assert replayed(spoil(drawn(records), typed)).set_aside == {"malformed: payload.history.exercises": 1}


def test_reasons_are_counted_in_the_dataset_and_told(records, logged, build, tmp_path, command, capsys):
    mine = [r for r in records if r["stream"] == records[0]["stream"]]
    mine[1:3] = [spoil(row, change) for row, change in zip(mine[1:3], SPOILT.values(), strict=False)]
    folder, out = logged(mine), tmp_path / "out"
    command("dataset", "--from", folder, "--out", out, "--salt", tmp_path / "salt", "--jobs", 1)
    assert table.about(out)["set_aside"] == {"unknown catalogue release": 1, "unknown model": 1}
    assert "Set aside: 2 sessions (unknown catalogue release 1, unknown model 1)" in capsys.readouterr().out
    assert "| unknown model | 1 |" in (out / "report.md").read_text()


def test_a_model_of_the_past_is_found_by_its_content(held, tmp_path, catalog):
    sha = json.loads((bundle.FOLDER / "bundle.json").read_text())["files"]["generator.onnx"]["sha256"]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / f"{sha}.onnx").write_bytes(held.model)
    (tmp_path / "snapshots").mkdir()
    body = json.dumps(
        {"release": 7, "changes": json.loads((bundle.FOLDER / "catalog.json").read_text())["documents"]}
    )
    (tmp_path / "snapshots" / "a.json").write_text(body)
    stored = shelf.Opened(
        shelf.Shelf(store=str(tmp_path), snapshots={7: "snapshots/a.json", 8: "snapshots/b.json"})
    )
    assert stored.model(sha).sha256 == sha
    assert stored.model("0" * 64) is None
    assert stored.catalog(7).release == 7
    assert stored.catalog(8) is stored.catalog(9) is None
    found = shelf.find(f"file://{tmp_path}", snapshots={7: "snapshots/a.json"})
    assert shelf.Opened(found).catalog(7).exercises == catalog.exercises
    assert shelf.Opened(shelf.find(str(tmp_path))).model(sha) is not None
    with pytest.raises(FileNotFoundError, match="--models"):
        shelf.find(str(tmp_path / "nowhere"))


def test_a_file_that_is_not_what_its_name_says_is_no_model(tmp_path, held):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / f"{'0' * 64}.onnx").write_bytes(held.model)
    assert shelf.Opened(shelf.Shelf(store=str(tmp_path))).model("0" * 64) is None
