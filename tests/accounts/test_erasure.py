"""`POST /v1/account/erase`: complete, at once, and with a receipt."""

import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from server.accounts import erasure, passwords, throttle
from server.accounts.data_keys import data_key
from server.accounts.links import issue
from server.accounts.tables import account
from server.accounts.throttle import PASSWORD, take
from server.db import as_account, write
from server.models.audit import audited
from sync.objects import FolderStore
from sync.signing import parse_trust, verify
from sync.tables import metadata
from tests.accounts.data import Person, fill, new_person

# A row in every table that names the account. A table that is added must be added here, so that its erasure is seen.
ROWS = {
    "login_session": "(token_hash, account, created_at, expires_at, auth_time, amr)"
    " VALUES (:bytes, :a, now(), now(), now(), '{pwd}')",
    "token_family": "(id, account, client_id, scope, auth_time, amr, created_at, used_at, expires_at)"
    " VALUES (gen_random_uuid(), :a, 'app', 'sync', now(), '{pwd}', now(), now(), now())",
    "desk_session": "(token_hash, account, family, created_at, seen_at, expires_at)"
    " SELECT :bytes, :a, id, now(), now(), now() FROM token_family WHERE account = :a",
    "oauth_code": "(code_hash, account, client_id, redirect_uri, scope, code_challenge, auth_time, amr, expires_at)"
    " VALUES (:bytes, :a, 'app', 'app:/', 'sync', 'x', now(), '{pwd}', now())",
    "device_code": "(code_hash, user_hash, client_id, scope, created_at, expires_at, interval_s, account, approved)"
    " VALUES (:bytes, :bytes, 'cli', 'sync', now(), now(), 5, :a, true)",
    "consent": "(account, client_id, scopes, granted_at) VALUES (:a, 'watch', '{sync}', now())",
    "passkey": "(id, account, public_key, sign_count, transports, name, synced, created_at)"
    " VALUES (:bytes, :a, :bytes, 0, '{}', 'Mia''s phone', false, now())",
    "identity": "(issuer, subject, account, email, linked_at)"
    " VALUES ('https://accounts.example', :secret, :a, :email, now())",
    "email_token": "(hash, account, purpose, email, expires_at) VALUES (:bytes, :a, 'reset', :email, now())",
    "ceremony": "(hash, purpose, browser, account, data, expires_at) VALUES (:bytes, 'x', :bytes, :a, '{}', now())",
    "second_factor": "(account, since) VALUES (:a, now())",
}
# The same of what somebody did to the catalogue, which no foreign key tells.
AT_THE_DESK = {
    "catalog_document": "(collection, id, data, updated_by) VALUES ('x', :secret, '{}', :text)",
    "catalog_draft": "(id, collection, document, base_version, data, author, contributors, reviewer,"
    " created_at, updated_at)"
    " VALUES (gen_random_uuid(), 'x', :secret, 0, '{}', :text, ARRAY['somebody', :text], :text, now(), now())",
    "catalog_draft_version": "(draft, version, saved_by)"
    " SELECT id, 1, :text FROM catalog_draft WHERE document = :secret",
    "catalog_publication": "(id, state, notes, requested_by, requested_at, scheduled_for)"
    " VALUES (gen_random_uuid(), 'scheduled', 'x', :text, now(), now())",
    "catalog_event": "(at, actor, roles, action) VALUES (now(), :text, '{editor}', 'draft.started')",
    "media_asset": "(sha256, kind, file, source, alt, created_by, created_at)"
    " VALUES (:secret, 'image', '{}', :secret, '{}', :text, now())",
    "media_upload": "(id, name, size, part_bytes, handle, secret, state, created_by, created_at, updated_at)"
    " VALUES (gen_random_uuid(), 'x', 1, 1, 'x', :bytes, 'receiving', :text, now(), now())",
    "import_batch": "(id, format, files, started_by, started_at, counts)"
    " VALUES (gen_random_uuid(), 'csv', '{}', :text, now(), '{}')",
    "video": "(id, state, state_since, added_at, seen_by) VALUES (left(:secret, 11), 'ok', now(), now(), :text)",
}
MADE_BY_USE = {"account_key", "physio_link", "record", "stream"}
# Names of columns that could tell whose a row is.
TELLING = {
    "account", "member", "physio", "stream", "subject", "email", "actor", "person", "person_id", "account_id",
    "owner", "user", "user_id", "address", "author", "reviewer", "contributors", "saved_by", "requested_by",
    "updated_by", "created_by", "started_by", "seen_by",
}  # fmt: skip
NOBODYS = {("release", "stream")}
"""The catalogue's and the models' streams."""


@pytest.fixture
def owner(house: Any) -> Iterator[Engine]:
    """The database as its owner sees it, row-level security aside."""
    made = create_engine(house.settings.require_database_url(), poolclass=NullPool)
    yield made
    made.dispose()


@pytest.fixture
def mia(house: Any) -> Person:
    """Somebody of whom there is something everywhere."""
    made, now = new_person(house, "Miamaria", "physio"), datetime.now(UTC)
    fill(made)
    # Before the account has a second factor: a password alone would not do then.
    values = {"a": made.account, "email": made.email, "secret": secrets.token_hex(8)}

    def work(conn: Any) -> None:
        for table, row in (ROWS | AT_THE_DESK).items():
            given = {**values, "bytes": secrets.token_bytes(16), "text": str(made.account)}
            conn.execute(text(f"INSERT INTO {table} {row}"), given)
        take(conn, PASSWORD, made.email, now)
        issue(conn, "register", made.email, now)
        audited(conn, str(made.account), "published", "because", now, {"subject": "a model"})
        audited(
            conn, "support", "unlock", f"asked by {made.email}", now, {"subject": f"account:{made.account}"}
        )
        audited(
            conn, "operator", "grant", None, now, {"subject": made.email, "was": [made.email, 1], "x": "æ\\"}
        )

    write(house.engine, work)
    prefix = erasure.objects_of(made.account)
    house.store.put_if_absent(f"{prefix}/photos/one.jpg", b"\xff", "image/jpeg")
    house.store.put_if_absent(f"{prefix}/two.jpg", b"\xff", "image/jpeg")
    return made


def link(member: Person, physio: Person) -> str:
    """A link in force; its id."""
    code = member.ok("POST", "/v1/account/physios")["code"]
    made: str = physio.ok("POST", "/v1/physio/links", json={"code": code})["id"]
    return made


def mentions(owner: Engine, *words: str) -> dict[str, int]:
    """In how many rows of which tables any of `words` stands, in whatever column."""
    found = {}
    with owner.connect() as conn:
        tables = (
            conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        )
        for table in tables:
            query = text(f"SELECT count(*) FROM {table} AS t WHERE t::text ILIKE ANY (:words)")
            count = conn.execute(query, {"words": [f"%{word}%" for word in words]}).scalar_one()
            if count:
                found[str(table)] = count
    return found


def test_nothing_anywhere_names_the_account_afterwards(house: Any, owner: Engine, mia: Person) -> None:
    tom = new_person(house, "Tom", "physio")
    link(mia, tom)
    words = (str(mia.account), mia.email, "miamaria", mia.account.hex)
    before = mentions(owner, *words)
    assert set(ROWS) | set(AT_THE_DESK) | MADE_BY_USE | {"audit", "account"} <= set(before)
    receipt = mia.signed_in().ok("POST", "/v1/account/erase", json={})
    assert mentions(owner, *words).keys() <= erasure.REMEMBERED
    assert not list((FolderStore(house.settings.data / "objects").root / "accounts").glob(f"{mia.account}*"))
    assert not [name for name, count in receipt["manifest"]["erased"].items() if name in ROWS and count < 1]
    with owner.connect() as conn:
        counted = {"key": throttle._key(PASSWORD, mia.email)}
        left = conn.execute(text("SELECT count(*) FROM throttle WHERE key = :key"), counted).scalar_one()
        trail = conn.execute(
            text("SELECT actor, subject, details, reason FROM audit ORDER BY id DESC LIMIT 3")
        ).all()
    assert left == 0
    assert [tuple(entry) for entry in reversed(trail)] == [
        ("erased", "a model", {"subject": "a model"}, "because"),
        ("support", "account:erased", {"subject": "account:erased"}, "asked by erased"),
        ("operator", "erased", {"subject": "erased", "was": ["erased", 1], "x": "æ\\"}, None),
    ]


def test_every_table_that_names_an_account_is_erased_by_somebody(owner: Engine) -> None:
    assert forgotten(owner) == []


def test_a_table_that_is_forgotten_is_found(owner: Engine) -> None:
    """The walk itself: three ways to forget one."""
    made = (
        "CREATE TABLE pg_temp_forgotten (account uuid)",
        "CREATE TABLE forgotten_reference (whose uuid REFERENCES account (id))",
        "CREATE TABLE forgotten_address (email text)",
    )
    with owner.begin() as conn:
        for statement in made:
            conn.execute(text(statement))
    try:
        assert {found.partition(".")[0] for found in forgotten(owner)} == {
            "pg_temp_forgotten", "forgotten_reference", "forgotten_address",
        }  # fmt: skip
    finally:
        with owner.begin() as conn:
            conn.execute(text("DROP TABLE pg_temp_forgotten, forgotten_reference, forgotten_address"))


def forgotten(owner: Engine) -> list[str]:
    """Columns of the database that can name an account and that no erasure empties."""
    columns = text(
        "SELECT c.table_name AS of, c.column_name AS name, c.is_nullable = 'NO' AS always, k.confdeltype AS then,"
        "       k.confrelid::regclass::text AS refers_to"
        "  FROM information_schema.columns c LEFT JOIN pg_constraint k ON k.contype = 'f'"
        "   AND k.conrelid = quote_ident(c.table_name)::regclass AND k.conkey = ARRAY["
        "       (SELECT attnum FROM pg_attribute WHERE attrelid = k.conrelid AND attname = c.column_name)]"
        " WHERE c.table_schema = 'public' ORDER BY 1, 2"
    )
    with owner.connect() as conn:
        rows = conn.execute(columns).all()
    # A whole table goes when each of its rows belongs, through whatever others, to an account.
    going: set[str] = {"account"}
    for _ in range(10):
        going |= {row.of for row in rows if row.then == "c" and row.always and row.refers_to in going}
    erased = going | {name for eraser in erasure.ERASERS for name in eraser.tables} | erasure.REMEMBERED
    return [
        f"{row.of}.{row.name}"
        for row in rows
        if (row.refers_to == "account" or row.name in TELLING)
        and not (row.refers_to == "account" and row.then in ("c", "n"))
        and row.of not in erased
        and (row.of, row.name) not in NOBODYS
    ]


def test_the_rows_of_this_test_are_in_every_table_that_refers_to_an_account() -> None:
    referring = {
        table.name
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is account.c.id
    }
    assert referring == set(ROWS) | MADE_BY_USE - {"record", "stream"}


def test_the_receipt_is_signed_tells_of_nobody_and_can_be_had_again(house: Any, mia: Person) -> None:
    receipt = mia.signed_in().ok("POST", "/v1/account/erase", json={})
    trusted = parse_trust(house.client.get("/v1/keys").json, "keys")
    manifest = verify(receipt, trusted)
    assert manifest["kind"] == "erasure"
    assert manifest["erased"]["account"] == 1
    assert manifest["erased"]["account_key"] == 1
    assert manifest["erased"]["record"] == 10
    assert manifest["erased"]["objects"] == 2
    assert set(manifest) == {"kind", "id", "erased_at", "erased"}
    assert house.client.get(f"/v1/erasures/{manifest['id']}").json == receipt
    assert house.client.get(f"/v1/erasures/{mia.account}").status_code == 404


def test_every_way_in_ends_with_it(house: Any, mia: Person) -> None:
    mia.signed_in().ok("POST", "/v1/account/erase", json={})
    for method, path, body in (
        ("GET", "/v1/account", None), ("GET", "/v1/account/export", None), ("GET", "/v1/physio/links", None),
        ("POST", "/v1/account/erase", {}), ("PUT", "/v1/account/training-consent", {"version": 1}),
        ("POST", "/v1/account/physios", None),
        ("POST", "/v1/sync", {"device": "1f2e3d4c5b6a7988", "protocol": 1, "cursors": {"account": None}}),
    ):  # fmt: skip
        assert mia.call(method, path, json=body).status_code == 401, path


def test_a_phone_that_syncs_afterwards_brings_nothing_back(house: Any, owner: Engine, mia: Person) -> None:
    """Its access token may be good for a second yet: the account's key is gone, so nothing can be written."""
    mia.signed_in().ok("POST", "/v1/account/erase", json={})
    with owner.begin() as conn:  # as if this server process had not heard of it
        conn.execute(text("DELETE FROM token_denial"))
    body = {"device": "1f2e3d4c5b6a7988", "protocol": 1, "cursors": {"account": None},
            "patches": [mia.patch("profile", "me", {"level": "trained"})]}  # fmt: skip
    assert mia.call("POST", "/v1/sync", json=body).status_code == 401
    assert mia.call("PUT", "/v1/account/training-consent", json={"version": 1}).status_code == 401
    assert mentions(owner, str(mia.account)) == {}


def test_what_a_physio_set_ends_when_the_physio_is_erased(house: Any, mia: Person) -> None:
    tom = new_person(house, "Tom")
    held = link(tom, mia)
    mia.ok("POST", f"/v1/physio/links/{held}/constraints", json={"hazards": ["calf_end"]})
    assert [change["deleted"] for change in tom.sync()] == [False]
    receipt = mia.signed_in().ok("POST", "/v1/account/erase", json={})
    assert receipt["manifest"]["erased"]["constraints for others"] == 1
    assert [change["deleted"] for change in tom.sync()] == [True]
    (told,) = tom.ok("GET", "/v1/account/physios")["links"]
    assert (told["state"], told["physio"]) == ("ended", None)


def test_nobody_else_loses_anything(house: Any, mia: Person) -> None:
    tom = new_person(house, "Tom")
    fill(tom)
    before = tom.see("SELECT collection, id, seq FROM record ORDER BY 1, 2")
    mia.signed_in().ok("POST", "/v1/account/erase", json={})
    assert tom.see("SELECT collection, id, seq FROM record ORDER BY 1, 2") == before
    assert tom.ok("GET", "/v1/account")["name"] == "Tom"


# --- who may ---------------------------------------------------------------------------------------------


def test_it_takes_a_sign_in_of_the_last_minutes(house: Any) -> None:
    mia = new_person(house)
    for person in (mia, mia.signed_in(erasure_age(6))):
        refused = person.call("POST", "/v1/account/erase", json={})
        assert refused.status_code == 401
        told = refused.headers["WWW-Authenticate"]
        assert 'error="insufficient_user_authentication"' in told
        assert 'max_age="300"' in told
    assert mia.signed_in(erasure_age(4)).call("POST", "/v1/account/erase", json={}).status_code == 200


def erasure_age(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)


def test_anothers_recent_sign_in_is_of_no_use(house: Any) -> None:
    mia, tom = new_person(house), new_person(house, "Tom").signed_in()
    mia.family = tom.family
    assert mia.call("POST", "/v1/account/erase", json={}).status_code == 401


@pytest.fixture
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher, profiles

    monkeypatch.setattr(passwords, "_hasher", PasswordHasher.from_parameters(profiles.CHEAPEST))
    monkeypatch.setattr(passwords, "_nobody", [])


@pytest.mark.usefixtures("_cheap")
def test_or_the_password(house: Any) -> None:
    mia = new_person(house, password_hash=passwords.make_hash("correct horse battery"))
    wrong = mia.call("POST", "/v1/account/erase", json={"password": "correct horse"})
    assert (wrong.status_code, list(wrong.json["errors"])) == (401, ["password"])
    assert (
        mia.call("POST", "/v1/account/erase", json={"password": "correct horse battery"}).status_code == 200
    )


@pytest.mark.usefixtures("_cheap")
def test_guessing_it_is_slowed_down(house: Any) -> None:
    mia = new_person(house, password_hash=passwords.make_hash("correct horse battery"))
    statuses = [
        mia.call("POST", "/v1/account/erase", json={"password": f"guess {n}"}).status_code for n in range(6)
    ]
    assert statuses == [401] * throttle.PASSWORD.free + [429]


@pytest.mark.usefixtures("_cheap")
def test_the_password_alone_does_not_do_where_a_passkey_is_asked_for_too(house: Any) -> None:
    mia = new_person(house, password_hash=passwords.make_hash("correct horse battery"))
    wanted = text("INSERT INTO second_factor (account, since) VALUES (:a, now())")
    write(house.engine, lambda conn: conn.execute(wanted, {"a": mia.account}))
    refused = mia.call("POST", "/v1/account/erase", json={"password": "correct horse battery"})
    assert refused.status_code == 401


def test_without_a_key_to_sign_the_receipt_nothing_is_erased(empty: Any) -> None:
    mia = new_person(empty).signed_in()
    empty.settings.signing_key.unlink()
    assert mia.call("POST", "/v1/account/erase", json={}).status_code == 503
    assert mia.ok("GET", "/v1/account")["name"] == "Mia"


# --- all or nothing --------------------------------------------------------------------------------------


def test_when_one_eraser_fails_nothing_is_erased(
    house: Any, mia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> dict[str, int]:
        raise RuntimeError("a domain that cannot")

    broken = erasure.Eraser(frozenset({"x"}), fails)
    monkeypatch.setattr(erasure, "ERASERS", [*erasure.ERASERS, broken])
    before = mia.see("SELECT collection, id, seq FROM record ORDER BY 1, 2")
    assert mia.signed_in().call("POST", "/v1/account/erase", json={}).status_code == 500
    assert mia.see("SELECT collection, id, seq FROM record ORDER BY 1, 2") == before
    monkeypatch.undo()
    assert mia.call("POST", "/v1/account/erase", json={}).status_code == 200


def test_a_push_that_is_under_way_is_erased_too(house: Any, owner: Engine, mia: Person) -> None:
    """The push holds the account's key; the erasure waits for its commit and then takes what it wrote."""
    done: list[int] = []
    mia.signed_in()

    def erase() -> None:
        done.append(mia.call("POST", "/v1/account/erase", json={}).status_code)

    eraser = threading.Thread(target=erase)

    def work(conn: Any) -> None:
        data_key(conn, house.settings, mia.account, hold=True)
        eraser.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        for _ in range(500):
            if conn.execute(waiting).scalar_one():
                break
            conn.execute(text("SELECT pg_sleep(0.01)"))
        assert not done
        conn.execute(
            text(
                "INSERT INTO record (stream, collection, id, seq, data) VALUES (:s, 'profile', 'late', 99, '{}')"
            ),
            {"s": f"account:{mia.account}"},
        )

    as_account(house.engine, mia.account, work, write=True)
    eraser.join(30)
    assert done == [200]
    assert mentions(owner, str(mia.account)).keys() <= erasure.REMEMBERED
