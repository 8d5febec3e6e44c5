"""Archives that were damaged anywhere: told, never half taken in, never a crash; and large ones, in flat memory."""

import io
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from server.accounts import export, importing
from server.accounts.data_keys import data_key
from server.accounts.importing import Archive, ImportInvalid
from server.db import as_account
from sync.push import Limits
from sync.sealing import unseal_body
from tests.accounts.data import Person, fill, new_person, resealed, unpacked

MOST = 2**26


@pytest.fixture(scope="module")
def mia(house: Any) -> Person:
    made = new_person(house)
    fill(made)
    return made


@pytest.fixture(scope="module")
def archive(mia: Person) -> bytes:
    return mia.export()


class Undone(Exception):
    """Ends the transaction of an import that is only tried."""


def tried(person: Person, body: bytes) -> str:
    """What becomes of an archive: "taken" or "refused"; whatever else it raises is a fault of ours."""
    here = person.limber.settings

    def work(conn: Any) -> None:
        key = data_key(conn, here, person.account, hold=True)
        importing.take_in(
            conn, Archive(io.BytesIO(body), MOST), person.account, key, Limits(), datetime.now(UTC)
        )
        raise Undone

    with pytest.raises((Undone, ImportInvalid)) as raised:
        as_account(person.limber.engine, person.account, work, write=True)
    if isinstance(raised.value, Undone):
        return "taken"
    assert raised.value.where
    assert raised.value.reason
    assert len(str(raised.value)) < 1000
    return "refused"


def test_what_was_not_damaged_is_taken(mia: Person, archive: bytes) -> None:
    assert tried(mia, archive) == "taken"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_archive_with_wrong_bytes_is_refused_or_is_what_it_was(
    mia: Person, archive: bytes, data: st.DataObject
) -> None:
    """Of the archive as it is: bytes changed, cut out, put in, the end lost."""
    body = bytearray(archive)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["change", "cut", "put", "end"])):
            case "change":
                body[place] = data.draw(st.integers(0, 255))
            case "cut":
                del body[place : place + data.draw(st.integers(1, 50))]
            case "put":
                body[place:place] = data.draw(st.binary(min_size=1, max_size=50))
            case _:
                del body[max(place, 10) :]
    tried(mia, bytes(body))


NAMES = st.text(max_size=8) | st.sampled_from(["", "*", "level"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_record_of_any_form_with_a_hash_that_fits_is_refused_or_taken(
    mia: Person, archive: bytes, data: st.DataObject
) -> None:
    """Of what is in it: any JSON where a record, its id, its fields or its clocks belong."""
    files = unpacked(archive)
    name = data.draw(st.sampled_from([name for name in files if name.startswith("records/")]))
    line = orjson.loads(files[name].splitlines()[0])
    part = data.draw(st.sampled_from(["line", "id", "deleted", "data", "clocks"]))
    value = data.draw(JSON)
    changed = value if part == "line" else {**line, part: value}
    try:
        files[name] = orjson.dumps(changed) + b"\n"
    except (orjson.JSONEncodeError, TypeError):
        return
    tried(mia, resealed(files))


@pytest.mark.slow
def test_a_large_account_is_exported_and_imported_in_memory_that_hardly_grows(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What grows is a digest a record. An archive is read line by line, a table through a cursor."""
    monkeypatch.setattr(importing, "BATCH", 50)
    peaks: dict[int, tuple[int, int]] = {}
    for count in (200, 800):
        mia, tom = new_person(house), new_person(house, "Tom")
        multiply(mia, count)
        with TemporaryFile() as file:
            traced = [peak(lambda: write(mia, file)), peak(lambda: take(tom, file))]  # noqa: B023
        peaks[count] = (traced[0], traced[1])
        assert tom.see("SELECT records FROM stream") == [(count,)]
    print(f"peaks, traced bytes of export and import by records: {peaks}")
    for few, many in zip(peaks[200], peaks[800], strict=True):
        assert many - few < 600 * 1500
        assert many < 8 * 2**20


def multiply(person: Person, count: int) -> None:
    """`count` sessions, of twelve items each."""
    person.sync(person.session(datetime.now(UTC), ("completed",) * 12))
    values = {"n": count - 1, "s": f"account:{person.account}"}
    copies = text(
        "INSERT INTO record (stream, collection, id, seq, data, clocks, hlc)"
        " SELECT stream, collection, gen_random_uuid(), seq + n, data, clocks, hlc"
        " FROM record, generate_series(1, :n) AS n"
    )
    moved = text("UPDATE stream SET head = head + :n, records = records + :n WHERE stream = :s")

    def work(conn: Any) -> None:
        conn.execute(copies, values)
        conn.execute(moved, values)

    as_account(person.limber.engine, person.account, work, write=True)


def write(person: Person, file: Any) -> None:
    def work(conn: Any) -> None:
        key = data_key(conn, person.limber.settings, person.account)
        export.write_export(
            conn, person.account, lambda body: unseal_body(body, key), file, datetime.now(UTC)
        )

    as_account(person.limber.engine, person.account, work)


def take(person: Person, file: Any) -> None:
    def work(conn: Any) -> None:
        key = data_key(conn, person.limber.settings, person.account, hold=True)
        importing.take_in(conn, Archive(file, 2**30), person.account, key, Limits(), datetime.now(UTC))

    as_account(person.limber.engine, person.account, work, write=True)


def peak(work: Callable[[], None]) -> int:
    """The most memory that Python took for it, bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
