"""Row-level security: with every check of the application removed, another account's rows cannot be had."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from server.db import APP_ROLE, as_account, open_engine, read, write
from sync import store
from tests.accounts.data import Person, fill, new_person

TABLES = ("record", "stream", "account_key", "physio_link", "physio_act")
# What an application that forgot the condition would run.
NO_CONDITION = {
    "record": "SELECT * FROM record WHERE stream LIKE 'account:%'",
    "stream": "SELECT * FROM stream WHERE stream LIKE 'account:%'",
    **{name: f"SELECT * FROM {name}" for name in ("account_key", "physio_link", "physio_act")},
}


@pytest.fixture(scope="module")
def people(house: Any) -> tuple[Person, Person]:
    """Two members with data, each with a physio of their own."""
    mia, tom = new_person(house), new_person(house, "Tom")
    for person in (mia, tom):
        fill(person)
        physio = new_person(house, "Physio", "physio")
        code = person.ok("POST", "/v1/account/physios")["code"]
        link = physio.ok("POST", "/v1/physio/links", json={"code": code})["id"]
        physio.ok("POST", f"/v1/physio/links/{link}/constraints", json={"hazards": ["calf_end"]})
    return mia, tom


@pytest.fixture
def mia(people: tuple[Person, Person]) -> Person:
    return people[0]


@pytest.fixture
def tom(people: tuple[Person, Person]) -> Person:
    return people[1]


def rows(engine: Engine, query: str, **values: Any) -> list[Any]:
    """Of a connection that no account is set for."""
    return read(engine, lambda conn: list(conn.execute(text(query), values).all()))


# --- reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_a_query_that_forgot_the_account_gives_the_askers_rows_only(
    mia: Person, tom: Person, table: str
) -> None:
    mine, theirs = mia.see(NO_CONDITION[table]), tom.see(NO_CONDITION[table])
    assert mine
    assert theirs
    assert not {str(row) for row in mine} & {str(row) for row in theirs}
    assert not [row for row in mine if str(tom.account) in str(row)]


@pytest.mark.parametrize("table", TABLES)
def test_without_an_account_there_are_none_at_all(mia: Person, table: str) -> None:
    assert rows(mia.limber.engine, NO_CONDITION[table]) == []
    assert rows(mia.limber.engine, f"SELECT count(*) FROM ({NO_CONDITION[table]}) AS x") == [(0,)]


def test_asking_for_anothers_rows_by_name_gives_none(mia: Person, tom: Person) -> None:
    theirs = f"account:{tom.account}"
    assert mia.see("SELECT * FROM record WHERE stream = :s", s=theirs) == []
    assert mia.see("SELECT count(*) FROM record WHERE stream = :s", s=theirs) == [(0,)]
    assert mia.see("SELECT * FROM stream WHERE stream = :s", s=theirs) == []
    assert mia.see("SELECT wrapped FROM account_key WHERE account = :a", a=tom.account) == []
    assert mia.see("SELECT max(seq) FROM record WHERE stream = :s", s=theirs) == [(None,)]
    assert (
        mia.see("SELECT 1 FROM record r JOIN stream s ON r.stream = s.stream WHERE s.stream = :s", s=theirs)
        == []
    )


def test_the_functions_of_the_log_see_no_more_than_the_account_may(mia: Person, tom: Person) -> None:
    theirs = f"account:{tom.account}"

    def work(conn: Connection) -> None:
        assert store.read_head(conn, theirs) is None
        assert store.state(conn, theirs) == {}
        with pytest.raises(store.StreamUnknown):
            store.pull(conn, theirs, None, 100)

    as_account(mia.limber.engine, mia.account, work)


def test_public_streams_stay_public(empty: Any) -> None:
    name = f"catalog-{uuid4().hex[:8]}"
    mia = new_person(empty)
    write(empty.engine, lambda conn: store.publish(conn, name, {("exercise", "a"): {"x": 1}}))
    assert len(mia.see("SELECT * FROM record WHERE stream = :s", s=name)) == 1
    assert len(rows(empty.engine, "SELECT * FROM record WHERE stream = :s", s=name)) == 1


# --- writing ---------------------------------------------------------------------------------------------

WRITES = {
    "update": "UPDATE record SET data = '{}'",
    "delete": "DELETE FROM record WHERE stream LIKE 'account:%'",
    "the head": "UPDATE stream SET head = head + 1 WHERE stream LIKE 'account:%'",
    "the stream": "DELETE FROM stream WHERE stream LIKE 'account:%'",
    "the key": "DELETE FROM account_key",
    "the wrapped key": "UPDATE account_key SET wrapped = '\\x00'",
    "a link": "UPDATE physio_link SET ended_at = now()",
}


@pytest.mark.parametrize("what", WRITES)
def test_a_write_that_forgot_the_account_touches_nobody_elses(tom: Person, house: Any, what: str) -> None:
    eve = new_person(house, "Eve")
    before = [tom.see(NO_CONDITION[table] + " ORDER BY 1, 2") for table in TABLES]

    def work(conn: Connection) -> None:
        conn.execute(text(WRITES[what]))

    as_account(house.engine, eve.account, work, write=True)
    write(house.engine, work)
    assert [tom.see(NO_CONDITION[table] + " ORDER BY 1, 2") for table in TABLES] == before


INSERTS = {
    "a record": "INSERT INTO record (stream, collection, id, seq, data) VALUES (:s, 'profile', 'x', 99, '{}')",
    "a record over one of theirs": "INSERT INTO record (stream, collection, id, seq, data)"
    " VALUES (:s, 'profile', 'me', 99, '{}') ON CONFLICT (stream, collection, id) DO UPDATE SET data = excluded.data",
    "a key": "INSERT INTO account_key (account, wrapped, master, created_at) VALUES (:a, '\\x00', 'x', now())",
    "an invitation": "INSERT INTO physio_link (id, member, created_at, expires_at)"
    " VALUES (gen_random_uuid(), :a, now(), now())",
    "a link to oneself": "INSERT INTO physio_link (id, member, physio, accepted_at, created_at, expires_at)"
    " VALUES (gen_random_uuid(), :a, :me, now(), now(), now())",
    "a record moved to them": "UPDATE record SET stream = :s",
}


@pytest.mark.parametrize("what", INSERTS)
def test_nothing_can_be_put_into_anothers_account(mia: Person, tom: Person, what: str) -> None:
    values = {"s": f"account:{tom.account}", "a": tom.account, "me": mia.account}

    def work(conn: Connection) -> None:
        conn.execute(text(INSERTS[what]), values)

    with pytest.raises(ProgrammingError, match="row-level security"):
        as_account(mia.limber.engine, mia.account, work, write=True)


def test_the_log_cannot_be_made_to_write_into_anothers_stream(mia: Person, tom: Person) -> None:
    with pytest.raises(DBAPIError):
        as_account(
            mia.limber.engine,
            mia.account,
            lambda conn: store.lock_head(conn, f"account:{tom.account}"),
            write=True,
        )


def test_an_act_can_be_noted_under_ones_own_links_only_and_never_changed(mia: Person, tom: Person) -> None:
    (theirs,) = tom.see("SELECT id FROM physio_link")
    note = text(
        "INSERT INTO physio_act (link, at, actor, action, details) VALUES (:link, now(), 'member', 'forged', '{}')"
    )
    with pytest.raises(ProgrammingError, match="row-level security"):
        as_account(
            mia.limber.engine, mia.account, lambda conn: conn.execute(note, {"link": theirs.id}), write=True
        )
    for change in ("UPDATE physio_act SET action = 'forged'", "DELETE FROM physio_act"):
        changed = as_account(
            mia.limber.engine,
            mia.account,
            lambda conn, change=change: conn.execute(text(change)).rowcount,
            write=True,
        )
        assert changed == 0


def test_an_invitation_is_seen_by_the_member_and_by_who_brings_its_code(house: Any) -> None:
    mia, eve = new_person(house), new_person(house, "Eve", "physio")
    mia.ok("POST", "/v1/account/physios")
    everything = "SELECT code_hash FROM physio_link"
    ((told,),) = mia.see(everything)
    assert eve.see(everything) == []

    def bring(conn: Connection, code: str) -> list[Any]:
        conn.execute(text("SELECT set_config('limber.invitation', :c, true)"), {"c": code})
        return list(conn.execute(text(everything)).all())

    assert as_account(house.engine, eve.account, lambda conn: bring(conn, told)) == [(told,)]
    assert as_account(house.engine, eve.account, lambda conn: bring(conn, "")) == []
    take = text("UPDATE physio_link SET member = :me")

    def steal(conn: Connection) -> None:
        bring(conn, told)
        conn.execute(text("UPDATE physio_link SET physio = :other, code_hash = NULL"), {"other": mia.account})

    with pytest.raises(DBAPIError):
        as_account(house.engine, eve.account, steal, write=True)
    assert (
        as_account(
            house.engine,
            eve.account,
            lambda conn: conn.execute(take, {"me": eve.account}).rowcount,
            write=True,
        )
        == 0
    )


# --- who asks --------------------------------------------------------------------------------------------


def test_the_server_is_not_the_owner_of_its_tables(house: Any) -> None:
    ((role,),) = rows(house.engine, "SELECT current_user")
    assert role == APP_ROLE
    ((super_user, bypasses, may_login),) = rows(
        house.engine, "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = current_user"
    )
    assert (super_user, bypasses, may_login) == (False, False, False)
    guarded = rows(
        house.engine,
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relname = ANY(:t)",
        t=list(TABLES),
    )
    assert {row.relname for row in guarded} == set(TABLES)


def test_the_server_cannot_take_the_guard_away(house: Any) -> None:
    for statement in (
        "ALTER TABLE record DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE account_key NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own_account ON record",
        "CREATE POLICY everybody ON record USING (true)",
        "TRUNCATE record",
        "CREATE TABLE mine AS SELECT * FROM record",
    ):
        with pytest.raises(ProgrammingError):
            write(house.engine, lambda conn, statement=statement: conn.execute(text(statement)))


def test_turning_row_security_off_is_an_error_and_no_way_in(mia: Person) -> None:
    def work(conn: Connection) -> None:
        conn.execute(text("SET LOCAL row_security = off"))
        conn.execute(text(NO_CONDITION["record"]))

    with pytest.raises(ProgrammingError, match="row-level security"):
        as_account(mia.limber.engine, mia.account, work)


@pytest.mark.parametrize(
    "setting", ["", "*", "%", "account:", "' OR '1'='1", "NULL", "0", "\u0000"[:0], "x" * 5000]
)
def test_no_value_of_the_setting_opens_more_than_one_account(mia: Person, setting: str) -> None:
    def work(conn: Connection) -> list[int]:
        conn.execute(text("SELECT set_config('limber.account', :v, true)"), {"v": setting})
        return [len(conn.execute(text(NO_CONDITION[table])).all()) for table in TABLES]

    assert write(mia.limber.engine, work) == [0] * len(TABLES)


@pytest.fixture
def login(house: Any) -> Iterator[Engine]:
    """As a deployment connects: a role that may log in, is granted `limber_app` and nothing else."""
    name = f"limber_login_{uuid4().hex[:8]}"
    owner = create_engine(house.settings.require_database_url(), poolclass=NullPool)
    with owner.begin() as conn:
        conn.execute(text(f"CREATE ROLE {name} LOGIN NOINHERIT PASSWORD 'x' IN ROLE {APP_ROLE}"))
    address = owner.url.set(username=name, password="x").render_as_string(hide_password=False)
    engine = open_engine(address, 2)
    yield engine
    engine.dispose()
    with owner.begin() as conn:
        conn.execute(text(f"DROP ROLE {name}"))
    owner.dispose()


def test_a_login_of_a_deployment_can_be_no_other_role(login: Engine, mia: Person, house: Any) -> None:
    """SET ROLE and RESET ROLE lead nowhere for a login that is a member of limber_app only."""
    owner = create_engine(house.settings.require_database_url()).url.username
    for statement in (f'SET ROLE "{owner}"', f'SET SESSION AUTHORIZATION "{owner}"'):
        with pytest.raises(DBAPIError):
            write(login, lambda conn, statement=statement: conn.execute(text(statement)))

    def reset(conn: Connection) -> None:
        conn.execute(text("SET LOCAL ROLE NONE"))
        conn.execute(text("SELECT * FROM record"))

    with pytest.raises(ProgrammingError, match="permission denied"):
        write(login, reset)
    assert rows(login, NO_CONDITION["record"]) == []
    assert (
        as_account(login, mia.account, lambda conn: len(conn.execute(text(NO_CONDITION["record"])).all())) > 5
    )


# --- the pool --------------------------------------------------------------------------------------------


@pytest.fixture
def one(house: Any) -> Iterator[Engine]:
    """A pool of a single connection, so that whoever comes next gets the very same one."""
    engine = open_engine(house.settings.require_database_url(), 1)
    yield engine
    engine.dispose()


def fails(_: Connection) -> None:
    raise LookupError


def breaks(conn: Connection) -> None:
    conn.execute(text("SELECT 1 / 0"))


def commits(conn: Connection) -> None:
    conn.exec_driver_sql("COMMIT")


@pytest.mark.parametrize("work", [lambda conn: None, fails, breaks, commits])
@pytest.mark.parametrize("writing", [True, False])
def test_a_connection_that_goes_back_to_the_pool_forgets_whose_it_was(
    one: Engine, mia: Person, work: Callable[[Connection], None], writing: bool
) -> None:
    pid = rows(one, "SELECT pg_backend_pid()")
    with suppress(LookupError, DBAPIError):
        as_account(one, mia.account, work, write=writing)
    assert rows(one, "SELECT pg_backend_pid()") == pid
    for table in TABLES:
        assert rows(one, NO_CONDITION[table]) == []
    assert rows(one, "SELECT current_setting('transaction_read_only')") == [("off",)]


def test_a_plain_statement_does_not_leave_its_account_behind(one: Engine, mia: Person) -> None:
    """The pull sets the account in the very statement that needs it, in autocommit."""
    stream = f"account:{mia.account}"
    with one.connect() as conn:
        assert store.read_head(conn, stream, account=str(mia.account)) is not None
        assert store.read_head(conn, stream) is None
        assert store.pull(conn, stream, None, 5, account=str(mia.account)).count == 5
        with pytest.raises(store.StreamUnknown):
            store.pull(conn, stream, None, 5)
    assert rows(one, NO_CONDITION["record"]) == []


def test_requests_at_once_never_see_each_others_account(house: Any) -> None:
    people = [new_person(house, f"P{number}") for number in range(4)]
    for person in people:
        person.sync(person.patch("preferences", "app", {"label": str(person.account)}))
    engine = open_engine(house.settings.require_database_url(), 2)
    wrong: list[Any] = []

    def ask(whom: UUID) -> None:
        for _ in range(25):
            found = as_account(engine, whom, lambda conn: conn.execute(text(NO_CONDITION["record"])).all())
            if [row.data["label"] for row in found] != [str(whom)]:
                wrong.append(found)

    threads = [threading.Thread(target=ask, args=(person.account,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    assert wrong == []


def test_without_write_nothing_can_be_written(mia: Person) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        as_account(mia.limber.engine, mia.account, lambda conn: conn.execute(text("DELETE FROM record")))
