"""`POST /v1/account/import`: what was exported comes back, merged, and nothing else gets in."""

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from server.accounts import importing
from tests.accounts.data import Person, fill, new_person, packed, records, resealed, unpacked

OTHER = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def mia(house: Any) -> Person:
    made = new_person(house)
    fill(made)
    return made


def with_line(archive: bytes, collection: str, **changed: Any) -> bytes:
    """The archive with the first record of a collection changed."""
    files = unpacked(archive)
    name = f"records/{collection}.jsonl"
    lines = files[name].splitlines(keepends=True)
    lines[0] = orjson.dumps({**orjson.loads(lines[0]), **changed}) + b"\n"
    return resealed({**files, name: b"".join(lines)})


def without_moment(archive: bytes) -> dict[str, Any]:
    """What two exports must share: all but the account's own id and address, and moments."""
    files = unpacked(archive)
    manifest = orjson.loads(files["manifest.json"])
    account = orjson.loads(files["account.json"])
    return {
        "records": records(archive),
        "csv": (files["sessions.csv"], files["session_items.csv"]),
        "training": orjson.loads(files["consents.json"])["training"],
        "counts": (manifest["records"], manifest["digest"]),
        "account": {name: account[name] for name in ("name", "locale", "roles", "devices")},
    }


def test_export_erase_import_into_a_fresh_account_export_is_the_same(house: Any, mia: Person) -> None:
    mia.ok("PATCH", "/v1/account", json={"locale": "de-AT"})
    before = mia.export()
    mia.signed_in().ok("POST", "/v1/account/erase", json={})
    fresh = new_person(house, "")
    assert fresh.take_in(before).status_code == 200
    after = fresh.export()
    assert without_moment(after) == without_moment(before)
    assert records(after)["routine"][0]["clocks"]


def test_importing_twice_moves_nothing(mia: Person) -> None:
    archive = mia.export()
    head = mia.see("SELECT head FROM stream")
    for _ in range(2):
        told = mia.take_in(archive).json
        assert told["moved"] == 0
        assert told["records"]["session"] == {"applied": 2}
    assert mia.see("SELECT head FROM stream") == head


def test_an_account_with_data_keeps_what_is_newer_field_by_field(house: Any, mia: Person) -> None:
    archive = mia.export()
    tom = new_person(house, "Tom")
    day_before = int(datetime.now(UTC).timestamp() * 1000) - 86_400_000
    tom.sync(
        tom.patch("profile", "me", {"level": "trained", "birth_year": 1980}, ms=day_before),
        tom.patch("profile", "me", {"birth_year": 2001}),  # after everything in the archive
        tom.patch("preferences", "app", {"theme": "dark"}),
        tom.patch("preferences", "player", {"voice": "full"}),
    )
    assert tom.take_in(archive).status_code == 200
    found = records(tom.export())
    (me,) = found["profile"]
    assert me["data"]["birth_year"] == 2001
    assert me["data"]["level"] == "beginner"
    assert me["data"]["conditions"] == ["osteoporosis"]
    by_id = {line["id"]: line["data"] for line in found["preferences"]}
    assert by_id["app"] == {"theme": "dark", "locale": "de-AT", "volume": 60}
    assert by_id["player"] == {"voice": "full"}


def test_devices_get_what_was_imported_with_their_next_sync(house: Any, mia: Person) -> None:
    archive = mia.export()
    tom = new_person(house, "Tom")
    assert tom.sync() == []
    tom.take_in(archive)
    got = {(change["collection"], change["id"]): change for change in tom.sync()}
    assert got["profile", "me"]["data"]["conditions"] == ["osteoporosis"]
    assert len(got) == 10


def test_an_archive_of_years_ago_is_taken_in_deletions_and_all(house: Any) -> None:
    """Devices' patches of that age are refused for unknown records; an archive misses no deletion of this account."""
    mia, tom = new_person(house), new_person(house, "Tom")
    mia.sync(mia.patch("preferences", "app", {"volume": 1}))
    aged = with_line(
        mia.export(), "preferences", clocks={"volume": f"{1_500_000_000_000:012x}-0000-1f2e3d4c5b6a7988"}
    )
    assert tom.take_in(aged).json["records"]["preferences"] == {"applied": 1}


def test_name_and_language_are_taken_where_there_are_none(house: Any, mia: Person) -> None:
    mia.ok("PATCH", "/v1/account", json={"locale": "de-AT"})
    archive = mia.export()
    nameless, tom = new_person(house, ""), new_person(house, "Tom")
    tom.ok("PATCH", "/v1/account", json={"locale": "fr"})
    for person in (nameless, tom):
        assert person.take_in(archive).status_code == 200
    told = nameless.ok("GET", "/v1/account")
    assert (told["name"], told["locale"], told["roles"]) == ("Mia", "de-AT", ["member"])
    assert told["email"] == nameless.email
    assert tom.ok("GET", "/v1/account")["name"] == "Tom"
    assert tom.ok("GET", "/v1/account")["locale"] == "fr"


def test_an_archive_makes_nobody_an_admin_and_sets_no_constraint(house: Any, mia: Person) -> None:
    files = unpacked(mia.export())
    account = orjson.loads(files["account.json"]) | {
        "roles": ["member", "admin"],
        "email": "other@example.org",
    }
    line = {
        "id": OTHER, "deleted": False, "data": {"hazards": ["calf_end"]},
        "clocks": {"hazards": "019acb12f3a4-0000-0000000000000000"},
    }  # fmt: skip
    forged = {**files, "account.json": orjson.dumps(account), "records/constraint.jsonl": orjson.dumps(line)}
    tom = new_person(house, "Tom")
    told = tom.take_in(resealed(forged)).json
    assert "records/constraint.jsonl" in [each["file"] for each in told["left_out"]]
    assert tom.ok("GET", "/v1/account")["roles"] == ["member"]
    assert tom.ok("GET", "/v1/account")["email"] == tom.email
    assert tom.see("SELECT 1 FROM record WHERE collection = 'constraint'") == []


# --- what is refused -------------------------------------------------------------------------------------


def refused(person: Person, archive: bytes, status: int = 422) -> tuple[str, str]:
    """(where, reason) of a refusal after which the account is what it was."""
    before = person.see("SELECT head, records, bytes FROM stream")
    response = person.take_in(archive)
    assert response.status_code == status, response.json
    assert person.see("SELECT head, records, bytes FROM stream") == before
    if status != 422:
        return "", response.json["detail"]
    ((where, reasons),) = response.json["errors"].items()
    assert where in response.json["detail"]
    return where, reasons[0]


def test_what_is_no_archive_is_refused(mia: Person) -> None:
    assert refused(mia, b"PK\x03\x04 no zip")[0] == "archive"
    assert refused(mia, b"")[0] == "archive"
    assert refused(mia, mia.export()[:-40])[0] == "archive"
    wrong = mia.call("POST", "/v1/account/import", data=b"{}", content_type="application/json")
    assert wrong.status_code == 415


def test_a_foreign_zip_and_a_newer_version_are_told_apart(mia: Person) -> None:
    assert refused(mia, packed({"holiday.jpg": b"x"})) == ("holiday.jpg", "is not a file of an export")
    assert refused(mia, packed({"account.json": b"{}"}))[0] == "manifest.json"
    files = unpacked(mia.export())
    manifest = orjson.loads(files["manifest.json"])
    where, reason = refused(mia, packed({**files, "manifest.json": orjson.dumps({**manifest, "version": 2})}))
    assert (where, reason) == ("manifest.json: version", "is 2; this server reads up to 1")
    assert refused(mia, packed({**files, "manifest.json": orjson.dumps({**manifest, "format": "x"})}))[0] == (
        "manifest.json: format"
    )
    assert refused(mia, packed({**files, "manifest.json": b"[]"}))[0] == "manifest.json: format"
    del manifest["files"][0]["sha256"]
    where, reason = refused(mia, packed({**files, "manifest.json": orjson.dumps(manifest)}))
    assert (where, "files.0.sha256" in reason) == ("manifest.json", True)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "records/../manifest.json", "records/secrets.jsonl", "records\\session.jsonl",
     "C:\\x", "account.json/", "records/session.jsonl.exe", "a\nb"],
)  # fmt: skip
def test_a_name_that_is_not_ours_leads_nowhere(mia: Person, name: str) -> None:
    files = unpacked(mia.export())
    _, reason = refused(mia, resealed({**files, name: b"x"}))
    assert reason == "is not a file of an export"


def test_a_file_that_was_changed_is_missing_or_was_added_is_named(mia: Person) -> None:
    files = unpacked(mia.export())
    changed = {
        **files,
        "records/profile.jsonl": files["records/profile.jsonl"].replace(b"osteoporosis", b"osteoporosiS"),
    }
    assert refused(mia, packed(changed))[0] == "records/profile.jsonl"
    fewer = {name: body for name, body in files.items() if name != "records/session.jsonl"}
    assert refused(mia, packed(fewer))[0] == "records/session.jsonl"
    assert refused(mia, packed({**files, "records/constraint.jsonl": b""}))[0] == "records/constraint.jsonl"


def test_damage_within_the_archive_is_found(mia: Person) -> None:
    archive = bytearray(mia.export())
    with zipfile.ZipFile(io.BytesIO(bytes(archive))) as found:
        info = found.getinfo("records/session.jsonl")
    for place in range(info.header_offset + 60, info.header_offset + 90):
        archive[place] ^= 0xFF
    where, _ = refused(mia, bytes(archive))
    assert where in ("archive", "records/session.jsonl")


def test_two_files_of_one_name_are_refused(mia: Person) -> None:
    out = io.BytesIO(mia.export())
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("account.json", b"{}")
    assert refused(mia, out.getvalue()) == ("account.json", "is there twice")


def test_an_encrypted_file_is_refused(mia: Person) -> None:
    archive = bytearray(mia.export())
    with zipfile.ZipFile(io.BytesIO(bytes(archive))) as found:
        start = found.start_dir
    flags = struct.unpack_from("<H", archive, start + 8)[0]
    struct.pack_into("<H", archive, start + 8, flags | 1)
    assert refused(mia, bytes(archive))[1] == "is encrypted"


def test_a_bomb_is_not_unpacked(mia: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kilobyte that says it is a gigabyte, and one that says it is a kilobyte and is not."""
    most = mia.limber.settings.import_max_bytes
    files = unpacked(mia.export())
    manifest = orjson.loads(files["manifest.json"])

    def told(size: int) -> bytes:
        entry = {"name": "records/feedback.jsonl", "bytes": size, "sha256": "0" * 64}
        others = [each for each in manifest["files"] if each["name"] != entry["name"]]
        body = orjson.dumps({**manifest, "files": [*others, entry]})
        return packed({**files, "manifest.json": body, "records/feedback.jsonl": b"\x00" * 2**24})

    assert "more than is accepted" in refused(mia, told(most * importing.UNPACKED_TIMES + 1), 413)[1]
    read = []
    real = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: (read.append(n), real(self, n))[1])
    assert "more than the manifest says" in refused(mia, told(1000), 413)[1]
    assert max(read) < 2**24


def test_a_body_larger_than_is_accepted_is_refused_before_it_is_read(start: Any, database_url: str) -> None:
    small = start(database_url, changed={"import_max_bytes": 4096})
    mia = new_person(small)
    refused = mia.take_in(b"x" * 4097)
    assert refused.status_code == 413
    assert mia.call("PATCH", "/v1/account", json={"name": "x" * 4000}).status_code == 422, (
        "others have their own limit"
    )


@pytest.mark.parametrize(
    ("collection", "changed", "field"),
    [
        ("session", {"data": {"rpe": 11}}, "rpe"),
        ("session", {"clocks": {"rpe": "019acb12f3a4-0000-1f2e3d4c5b6a7988"}}, "clocks"),
        ("session", {"deleted": True}, "clocks"),
        ("session", {"id": "not a uuid"}, "id"),
        ("profile", {"data": {"level": "olympic"}}, "clocks"),
        ("profile", {"clocks": {"level": "yesterday"}}, "clocks.level"),
        ("profile", {"clocks": {}}, "clocks"),
        ("profile", {"clocks": None}, "clocks"),
        ("profile", {"deleted": True}, "deleted"),
        ("profile", {"data": []}, "data"),
        ("preferences", {"id": 7}, "id"),
        ("exercise_pref", {"data": {"rating": 5, "excluded": True}}, "rating"),
        ("exercise_pref", {"data": {"rating": 1, "excluded": "\x1asealed:AAAA"}}, "U+001A"),
        ("preferences", {"data": {"locale": "de", "volume": float(2**60)}}, "volume"),
    ],
)  # fmt: skip
def test_a_record_that_is_wrong_is_named_with_file_line_and_field(
    mia: Person, collection: str, changed: dict[str, Any], field: str
) -> None:
    where, reason = refused(mia, with_line(mia.export(), collection, **changed))
    assert where.startswith(f"records/{collection}.jsonl line 1"), where
    assert field in where or field in reason, (where, reason)


@pytest.mark.parametrize("line", [b"{", b"null", b"[]", b"\xff", b'{"id":"a"}', b"[" * 100_000])
def test_a_line_that_is_no_record_is_named(mia: Person, line: bytes) -> None:
    files = unpacked(mia.export())
    body = files["records/profile.jsonl"] + line + b"\n"
    where, _ = refused(mia, resealed({**files, "records/profile.jsonl": body}))
    assert where.startswith("records/profile.jsonl line 2")


def test_a_line_without_end_is_refused(mia: Person) -> None:
    files = unpacked(mia.export())
    body = b'{"id":"' + b"x" * (2**20) + b'"}'
    where, _ = refused(mia, resealed({**files, "records/profile.jsonl": body}))
    assert where == "records/profile.jsonl line 1"


def test_a_clock_of_the_future_is_refused(mia: Person) -> None:
    ahead = "ffffffffffff-0000-1f2e3d4c5b6a7988"
    where, _ = refused(
        mia, with_line(mia.export(), "preferences", data={"volume": 1}, clocks={"volume": ahead})
    )
    assert where == "records/preferences.jsonl line 1: hlc"


def test_nothing_is_taken_in_when_the_account_cannot_hold_all_of_it(
    start: Callable[..., Any], database_url: str, mia: Person
) -> None:
    small = start(database_url, changed={"account_records": 4})
    tom = new_person(small, "Tom")
    where, reason = refused(tom, mia.export())
    assert where.startswith("records/")
    assert "4 records" in reason


def test_another_writing_of_a_session_that_is_here_is_refused(mia: Person) -> None:
    """A session stays as it was written; who edits an archive is told so."""
    line = records(mia.export())["session"][0]
    changed = with_line(
        mia.export(),
        "session",
        data={**line["data"], "rpe": 1},
        clocks={"*": "019acb12f3a4-0000-1f2e3d4c5b6a7988"},
    )
    where, reason = refused(mia, changed)
    assert where == "records/session.jsonl line 1: id"
    assert "stays as it was written" in reason
