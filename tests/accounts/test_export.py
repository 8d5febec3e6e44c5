"""`GET /v1/account/export`: everything, in a form that people and programs can read."""

import csv
import hashlib
import io
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from server.accounts.export_sessions import ITEM_COLUMNS, SESSION_COLUMNS
from server.db import write
from sync.canonical import catalog_digest, document_digest
from tests.accounts.data import Person, fill, new_person, records, unpacked


@pytest.fixture
def mia(house: Any) -> Person:
    made = new_person(house)
    fill(made)
    return made


def test_the_archive_holds_every_record_with_its_clocks_and_what_was_deleted(mia: Person) -> None:
    found = records(mia.export())
    stored = mia.see("SELECT collection, id, deleted, clocks FROM record")
    assert {(row.collection, row.id): (row.deleted, row.clocks) for row in stored} == {
        (collection, line["id"]): (line["deleted"], line["clocks"])
        for collection, lines in found.items()
        for line in lines
    }
    (gone,) = [line for line in found["routine"] if line["deleted"]]
    assert gone["data"] == {"title": "not this one", "order": 3}


def test_sealed_fields_are_opened(mia: Person) -> None:
    found = records(mia.export())
    (me,) = found["profile"]
    assert me["data"]["conditions"] == ["osteoporosis"]
    assert me["data"]["from_a_newer_app"] == {"nested": [1, 2.5, None]}
    assert found["session"][0]["data"]["slots"][0]["slug"] == "march-0"
    assert b"sealed:" not in b"".join(unpacked(mia.export()).values())


def test_the_manifest_counts_and_hashes_every_file(mia: Person) -> None:
    files = unpacked(mia.export())
    manifest = orjson.loads(files.pop("manifest.json"))
    assert (manifest["format"], manifest["version"]) == ("limber-export", 1)
    assert manifest["account"] == str(mia.account)
    told = {entry.pop("name"): entry for entry in manifest["files"]}
    assert set(told) == set(files)
    for name, body in files.items():
        assert (told[name]["bytes"], told[name]["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert manifest["records"]["routine"] == {"live": 1, "deleted": 1}
    assert told["records/session.jsonl"]["records"] == 2


def test_the_manifests_digest_is_the_one_that_a_device_compares(mia: Person) -> None:
    archive = mia.export()
    live = {
        (collection, line["id"]): document_digest(line["data"])
        for collection, lines in records(archive).items()
        for line in lines
        if not line["deleted"]
    }
    digest = orjson.loads(unpacked(archive)["manifest.json"])["digest"]
    assert digest == catalog_digest(live)
    assert digest == mia.ok("GET", "/v1/sync/digest?stream=account")["digest"]


def test_the_same_data_give_the_same_bytes_in_the_same_order(mia: Person) -> None:
    first, second = unpacked(mia.export()), unpacked(mia.export())
    assert list(first) == list(second)
    told = {"README.txt", "manifest.json"}  # tell the moment
    assert {n: b for n, b in first.items() if n not in told} == {
        n: b for n, b in second.items() if n not in told
    }
    assert list(first)[:4] == ["account.json", "consents.json", "sign_in.json", "physio.json"]
    names = [name for name in first if name.startswith("records/")]
    assert names == sorted(names)


def test_sessions_are_two_tables_that_a_spreadsheet_opens(mia: Person) -> None:
    files = unpacked(mia.export())
    sessions = list(csv.DictReader(io.StringIO(files["sessions.csv"].decode())))
    assert tuple(sessions[0]) == SESSION_COLUMNS
    shown = {row["completed"]: row for row in sessions}
    assert (shown["1"]["items"], shown["1"]["skipped"], shown["1"]["stopped_by_pain"]) == ("3", "1", "1")
    assert (shown["2"]["kind"], shown["2"]["activity"], shown["2"]["planned_min"]) == (
        "warmup",
        "run_distance",
        "12.0",
    )
    assert (shown["2"]["effort_0_10"], shown["1"]["effort_0_10"], shown["2"]["done_min"]) == ("", "4", "10.0")
    items = list(csv.DictReader(io.StringIO(files["session_items.csv"].decode())))
    assert tuple(items[0]) == ITEM_COLUMNS
    assert [row["outcome"] for row in items].count("completed") == 3


def test_a_cell_that_a_spreadsheet_would_run_is_text(house: Any) -> None:
    mia = new_person(house)
    session = mia.session(datetime.now(UTC))
    session["set"]["slots"][0]["slug"] = "=HYPERLINK(A1)"
    mia.sync(session)
    assert b"'=HYPERLINK(A1)" in unpacked(mia.export())["session_items.csv"]


def test_secrets_of_signing_in_are_in_it_by_name_only(mia: Person) -> None:
    def work(conn: Any) -> None:
        a = {"a": mia.account}
        conn.execute(text(
            "INSERT INTO passkey (id, account, public_key, sign_count, transports, name, synced, created_at)"
            " VALUES ('\\x0102', :a, '\\x0304', 0, '{}', 'blue phone', false, now())"), a)  # fmt: skip
        conn.execute(text(
            "INSERT INTO identity (issuer, subject, account, email, linked_at)"
            " VALUES ('https://accounts.example', 'subject-4711', :a, 'mia@example.com', now())"), a)  # fmt: skip
        conn.execute(text(
            "INSERT INTO consent (account, client_id, scopes, granted_at)"
            " VALUES (:a, 'watch', '{sync}', now())"), a)  # fmt: skip

    write(mia.limber.engine, work)
    files = unpacked(mia.export())
    told = orjson.loads(files["sign_in.json"])
    assert told["passkeys"][0]["name"] == "blue phone"
    assert told["providers"][0]["issuer"] == "https://accounts.example"
    assert orjson.loads(files["consents.json"])["applications"][0]["client_id"] == "watch"
    assert orjson.loads(files["consents.json"])["training"]["version"] == 1
    everything = b"".join(files.values())
    assert b"subject-4711" not in everything
    assert b"password" not in everything
    assert orjson.loads(files["account.json"])["email"] == mia.email


def test_an_account_without_records_has_an_export_too(house: Any) -> None:
    files = unpacked(new_person(house).export())
    assert orjson.loads(files["manifest.json"])["records"] == {}
    assert files["sessions.csv"].decode().strip() == ",".join(SESSION_COLUMNS)


def test_the_archive_is_a_download_that_nobody_keeps(mia: Person) -> None:
    response = mia.call("GET", "/v1/account/export")
    assert response.mimetype == "application/zip"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=limber-2")
    assert response.headers["Cache-Control"] == "no-store"
    assert int(response.headers["Content-Length"]) == len(response.data)


def test_nobody_gets_anothers_export(house: Any, mia: Person) -> None:
    tom = new_person(house, "Tom")
    assert str(mia.account).encode() not in b"".join(unpacked(tom.export()).values())
    assert house.client.get("/v1/account/export").status_code == 401


def test_asking_for_everything_again_and_again_is_slowed_down(house: Any) -> None:
    mia = new_person(house)
    statuses = [mia.call("GET", "/v1/account/export").status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
