"""From logs to the training table: replayed, consented, pseudonymous, and the same from either source."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from model_export import bundle
from model_export.data import dataset, replay, simulate, simulate_push, sources, table
from model_export.policy import FEATURES
from sync import store
from sync.objects import open_store
from sync.push import push
from sync.records import RULES
from sync.releases import Release, record_release
from sync.sealing import FileMaster

SALT = b"a salt for tests only, 32 bytes."


def rows_of(folder):
    return table.read(folder).to_table().to_pylist()


def sessions(records):
    return [row for row in records if row["collection"] == "session"]


def consenting(told):
    return {p.rows[0]["stream"] for p in told if p.rows[0]["data"]["training_consent"] is not None}


def test_who_does_not_consent_is_not_in(made, told):
    allowed = {replay.hashed(SALT, stream) for stream in consenting(told)}
    assert {row["person"] for row in rows_of(made)} == allowed
    assert len(allowed) == len(told) / 2


def test_the_newest_word_on_consent_counts_wherever_it_is_written(records, logged, build, tmp_path, made):
    stream = records[0]["stream"]
    last = {**records[0], "data": {"training_consent": None}}
    build(logged([*records, last]), tmp_path / "out")
    gone = replay.hashed(SALT, stream)
    assert {r["person"] for r in rows_of(tmp_path / "out")} == {r["person"] for r in rows_of(made)} - {gone}


@pytest.mark.parametrize(
    "data", [None, {}, {"training_consent": None}, {"training_consent": {"version": 2}}, {"training_consent": True}, 1]
)  # fmt: skip
def test_only_todays_consent_is_consent(data):
    assert not sources.consents(data)
    assert sources.consents({"training_consent": {"version": 1, "at": "2026-01-05T00:00:00Z"}})


def sorted_rows(folder):
    rows = rows_of(folder)
    for row in rows:
        del row["family"]  # only a simulator's file knows it
    return sorted(rows, key=lambda row: (row["session"], row["place"]))


def test_both_sources_give_the_same_rows(database_url, engine, told, made, build, tmp_path, master):
    simulate_push.push_everyone(engine, iter(told), master)
    about = build(database_url, tmp_path / "out", master=master)
    assert sorted_rows(tmp_path / "out") == sorted_rows(made)
    other = table.about(made)
    for name in ("rows", "sessions", "people", "simulated_people", "models", "catalogs", "features", "salt"):
        assert about[name] == other[name]


def test_a_servers_own_settings_say_where_to_read(
    database_url, engine, told, catalog, held, command, tmp_path, monkeypatch, master
):
    """DATABASE_URL, LIMBER_OBJECTS and LIMBER_MASTER_KEY, as the server has them."""
    simulate_push.push_everyone(engine, iter(told[:1]), master)
    objects = open_store(str(tmp_path / "objects"))
    body = json.dumps({"release": catalog.release, "changes": catalog_documents()}).encode()
    objects.put_if_absent("snapshots/one.json", body, "application/json")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with engine.begin() as conn:
        record_release(
            conn,
            Release("catalog", catalog.release, "stable", {}, "snapshots/one.json", "0", len(body), now, 1),
        )
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LIMBER_OBJECTS", str(tmp_path / "objects"))
    read = []
    monkeypatch.setattr(type(objects), "get", lambda _, key: read.append(key) or body)
    command("dataset", "--database", "--out", tmp_path / "out", "--salt", tmp_path / "salt", "--jobs", 1)
    assert table.about(tmp_path / "out")["sessions"] == len(sessions(told[0].rows))
    assert "snapshots/one.json" in read


def catalog_documents():
    return json.loads((bundle.FOLDER / "catalog.json").read_text())["documents"]


class Phone:
    """A phone of a simulated account, which writes later than all that was simulated."""

    def __init__(self, engine, told):
        self.engine, self.stream, self.ms = engine, told.rows[0]["stream"], 2_000_000_000_000

    def write(self, collection, record_id, fields):
        """Push a patch; fields None deletes. Returns its status."""
        self.ms += 1
        patch = {"collection": collection, "id": record_id, "hlc": f"{self.ms:012x}-0000-{1:016x}"}
        patch |= {"delete": True} if fields is None else {"set": fields}
        with self.engine.begin() as conn:
            return push(conn, self.stream, [patch], now_ms=self.ms, rules=RULES).results[0].status


def test_a_withdrawn_consent_leaves_the_next_dataset(database_url, engine, told, build, tmp_path, master):
    simulate_push.push_everyone(engine, iter(told[:4]), master)
    person, other = told[0], told[2]
    phone, stream = Phone(engine, person), person.rows[0]["stream"]
    before = build(database_url, tmp_path / "before", master=master)
    assert phone.write(*simulate.CONSENT, {"training_consent": None}) == "applied"
    after = build(database_url, tmp_path / "after", master=master)
    left = {row["person"] for row in rows_of(tmp_path / "after")}
    assert left == {replay.hashed(SALT, other.rows[0]["stream"])}
    assert {row["person"] for row in rows_of(tmp_path / "before")} == left | {replay.hashed(SALT, stream)}
    assert after["sessions"] == before["sessions"] - len(sessions(person.rows))

    # Giving it back, a person is in again; without the record there is no consent.
    given = {"version": simulate.CONSENT_VERSION, "at": "2026-03-01T08:00:00Z"}
    assert phone.write(*simulate.CONSENT, {"training_consent": given}) == "applied"
    assert Phone(engine, other).write(*simulate.CONSENT, None) == "applied"
    again = build(database_url, tmp_path / "again", master=master)
    assert {row["person"] for row in rows_of(tmp_path / "again")} == {replay.hashed(SALT, stream)}
    assert again["sessions"] == len(sessions(person.rows))

    # Consent to an earlier text is none to this one.
    assert phone.write(*simulate.CONSENT, {"training_consent": {**given, "version": 99}}) == "applied"
    assert build(database_url, tmp_path / "none", master=master)["sessions"] == 0


def test_an_erased_session_is_not_in_a_dataset(database_url, engine, told, build, tmp_path, master):
    simulate_push.push_everyone(engine, iter(told[:1]), master)
    gone = told[0].rows[-1]
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE record SET deleted = true WHERE id = %(id)s", {"id": gone["id"]})
    about = build(database_url, tmp_path / "out", master=master)
    assert about["sessions"] == len(sessions(told[0].rows)) - 1


def test_without_the_master_key_there_is_no_dataset(database_url, engine, told, build, tmp_path, master):
    simulate_push.push_everyone(engine, iter(told[:1]), master)
    with pytest.raises(table.DatasetInvalid, match="LIMBER_MASTER_KEY"):
        build(database_url, tmp_path / "none")
    other = FileMaster(b"another key of 32 bytes for this")
    with pytest.raises(table.DatasetInvalid, match=r"does not open with master key file:[0-9a-f]{16}$"):
        build(database_url, tmp_path / "other", master=other)


def test_sessions_whose_key_was_destroyed_are_set_aside(database_url, engine, told, build, tmp_path, master):
    simulate_push.push_everyone(engine, iter(told[:4]), master)
    stream = told[0].rows[0]["stream"]
    with engine.begin() as conn:
        account = {"account": stream.partition(":")[2]}
        conn.exec_driver_sql("DELETE FROM account_key WHERE account = %(account)s", account)
    about = build(database_url, tmp_path / "out", master=master)
    assert about["set_aside"] == {"its key is gone": len(sessions(told[0].rows))}
    assert {row["person"] for row in rows_of(tmp_path / "out")} == {
        replay.hashed(SALT, told[2].rows[0]["stream"])
    }


def test_the_password_of_a_database_is_not_written_down():
    secret = "s3cret" * 3
    source = sources.DatabaseSource(f"postgresql://me:{secret}@nowhere.invalid:1/db")
    assert secret not in source.name
    with pytest.raises(table.DatasetInvalid) as error:
        source.count()
    assert secret not in str(error.value)


def test_a_database_that_is_none_of_ours_is_named(make_database, command, tmp_path):
    empty = make_database("template0")
    with pytest.raises(table.DatasetInvalid, match="no replication log"):
        command("dataset", "--database", empty, "--out", tmp_path / "out", "--salt", tmp_path / "salt")
    with pytest.raises(table.DatasetInvalid, match="not a database address"):
        sources.DatabaseSource("::")


def test_since_leaves_earlier_sessions_out(simulated, build, tmp_path, made):
    day = datetime(2026, 1, 12, tzinfo=UTC)
    about = build(simulated, tmp_path / "out", since=day)
    wanted = [row for row in rows_of(made) if row["at"] >= day]
    assert rows_of(tmp_path / "out") == wanted
    assert 0 < len(wanted) < table.about(made)["rows"]
    assert about["before_since"] + about["sessions"] == table.about(made)["sessions"]
    assert not about["set_aside"]


def test_a_dataset_without_rows_is_an_error(records, logged, command, tmp_path, capsys):
    mine = [{**records[0], "data": {"training_consent": None}}, *sessions(records)[:3]]
    out = tmp_path / "out"
    with pytest.raises(command.error, match="no slot is left"):
        command("dataset", "--from", logged(mine), "--out", out, "--salt", tmp_path / "salt", "--jobs", 1)
    assert "(0 of them simulated)" in (out / "report.md").read_text()


def test_no_stream_and_no_session_can_be_found_in_a_dataset(made, records):
    content = b"".join(path.read_bytes() for path in made.iterdir())
    text = json.dumps(rows_of(made), default=str).encode()
    for record in records:
        for name in (record["stream"].removeprefix("account:"), record["id"]):
            if name != "training":
                assert name.encode() not in content + text


def test_hidden_parameters_cannot_enter_a_dataset(simulated, build, tmp_path, made):
    """Its columns are closed; the truth is no source; and lying in the folder it changes nothing."""
    assert table.read(made).schema.names == table.schema().names
    truth = simulate.truth_path(simulated).read_bytes()
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "log.truth.jsonl").write_bytes(truth)
    with pytest.raises(table.DatasetInvalid, match="simulate"):
        sources.FolderSource(folder)
    (folder / simulate.SESSIONS).write_bytes(truth)
    with pytest.raises(table.DatasetInvalid, match="line 1"):
        sources.FolderSource(folder)
    (folder / simulate.SESSIONS).write_bytes((simulated / simulate.SESSIONS).read_bytes())
    build(folder, tmp_path / "out")
    assert rows_of(tmp_path / "out") == rows_of(made)


def test_the_salt_is_made_for_its_owner_alone_and_kept(tmp_path):
    path = tmp_path / "keys" / "salt"
    salt = dataset.salt_of(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(salt) == 32
    assert dataset.salt_of(path) == salt
    assert dataset.salt_of(tmp_path / "other") != salt
    assert replay.hashed(salt, "account:1") != replay.hashed(b"x" * 32, "account:1")
    (tmp_path / "short").write_bytes(b"pepper")
    with pytest.raises(ValueError, match="16 bytes"):
        dataset.salt_of(tmp_path / "short")


def test_a_salt_never_lies_in_its_dataset(command, simulated, tmp_path):
    with pytest.raises(command.error, match="--salt"):
        command(
            "dataset", "--from", simulated, "--out", tmp_path / "out", "--salt", tmp_path / "out" / "salt"
        )


def test_a_packed_log_reads_the_same_also_when_files_were_joined(told, simulated, tmp_path):
    for name, part in (("a", told[:3]), ("b", told[3:]), ("both", [])):
        simulate.write(tmp_path / name, iter(part), compress=True)
    names = [tmp_path / name / "sessions.jsonl.zst" for name in ("a", "b", "both")]
    names[2].write_bytes(names[0].read_bytes() + names[1].read_bytes())
    packed, plain = (sources.FolderSource(folder) for folder in (tmp_path / "both", simulated))
    assert list(packed.read()) == list(plain.read())
    assert packed.count() == plain.count() == sum(len(person.rows) - 1 for person in told)


def test_a_broken_line_is_named(logged, records, simulated, tmp_path):
    folder = logged(records[:3])
    with (folder / simulate.SESSIONS).open("a") as file:
        file.write('{"stream": "acc')
    with pytest.raises(table.DatasetInvalid, match="line 4 is not JSON"):
        sources.FolderSource(folder)


def test_a_failed_run_leaves_nothing_that_reads_as_a_dataset(tmp_path, build, simulated):
    class Breaks(sources.FolderSource):
        def read(self):
            yield from list(super().read())[:3]
            raise RuntimeError("the network went away")

    out = tmp_path / "out"
    with pytest.raises(RuntimeError):
        build(Breaks(simulated), out)
    with pytest.raises(table.DatasetInvalid, match="no finished dataset"):
        table.read(out)
    build(simulated, out)  # and the same command can be run again
    assert table.about(out)["rows"]


def test_the_dataset_is_the_same_for_any_number_of_jobs(simulated, made, build, tmp_path):
    build(simulated, tmp_path / "two", jobs=2)
    for name in ("part-00000.parquet", table.ABOUT):
        assert (tmp_path / "two" / name).read_bytes() == (made / name).read_bytes()


def test_the_command_makes_dataset_and_report(command, simulated, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--from", simulated, "--salt", tmp_path / "salt", "--jobs", 1]
    assert command("dataset", *options, "--out", out, "--since", "2026-01-06") == 0
    said = capsys.readouterr().out
    assert f"{table.about(out)['rows']:,} slots" in said
    assert {path.name for path in out.iterdir()} == {
        "part-00000.parquet", "dataset.json", "report.json", "report.md",
    }  # fmt: skip
    again = tmp_path / "again"
    assert command("dataset", *options, "--out", again, "--against", out) == 0
    assert "Moved since" in capsys.readouterr().out
    with pytest.raises(table.DatasetInvalid, match="not empty"):
        command("dataset", *options, "--out", out)
    with pytest.raises(table.DatasetInvalid, match="--against"):
        command("dataset", *options, "--out", tmp_path / "third", "--against", simulated)
    with pytest.raises(SystemExit):
        command("dataset", *options, "--out", tmp_path / "third", "--since", "last week")


def test_columns_are_those_that_training_was_promised():
    schema = table.schema()
    assert schema.names == [
        "person", "session", "at", "family", "place", "slug", "item", "kind", "activity", "age", "level", "conditioned",
        "propensity", "explored", "outcome", "reward", "rating", "pain", "rpe", "model", "catalog", "features",
        "candidate_items", "candidate_features",
    ]  # fmt: skip
    assert schema.field("features").type == pa.list_(pa.int32(), len(FEATURES))
    assert schema.field("candidate_features").type == pa.list_(schema.field("features").type)


READ = """
import resource, sys
from model_export.data.sources import DatabaseSource
source = DatabaseSource(sys.argv[1])
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
wide = sum(len(raw.data["slots"]) for raw in source.read())
print(source.count(), wide, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) // 1024)
"""


@pytest.mark.slow
def test_reading_a_database_does_not_hold_it(database_url, engine):
    """300 MB of sessions pass through a few."""
    stream = "account:019ba403-eeff-85a4-a051-f21f6eb7e9c2"
    with engine.begin() as conn:
        store.publish(conn, stream, {simulate.CONSENT: {"training_consent": {"version": 1}}})
        conn.exec_driver_sql(
            "INSERT INTO record (stream, collection, id, seq, data) SELECT %(stream)s, 'session', n::text, n + 1,"
            " jsonb_build_object('slots', repeat(md5(n::text), 500)) FROM generate_series(1, 20000) AS n",
            {"stream": stream},
        )
    done = subprocess.run(
        [sys.executable, "-c", READ, database_url], capture_output=True, text=True, check=True
    )  # fmt: skip
    count, wide, grown = (int(x) for x in done.stdout.split())
    assert (count, wide) == (20_000, 20_000 * 16_000)
    assert grown < 100
