"""The adapters without their clients: shapes, limits, refusals. tests/adapters has the real clients."""

import gzip
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from server.adapters import records
from server.adapters.records import same
from server.adapters.rxdb import Conflict, wanted
from server.adapters.watermelondb import field, place, raw, timestamp
from server.auth import mint
from sync import store
from sync.records import RULES
from sync.sealing import MARK
from sync.store import Head
from tests.server.accounts import NOW_MS, Phone, as_owner, new_account, phone
from tests.sync.record_values import json_values

ROOT = Path(__file__).resolve().parents[2]
MELON = "/v1/adapters/watermelondb"
RX = "/v1/adapters/rxdb"
AT = "2026-01-09T18:27:59Z"
SLOT = {
    "slug": "squat", "place": 0, "propensity": 1.0, "explored": False, "outcome": "completed", "rating": 1, "pain": 0,
}  # fmt: skip


@pytest.fixture
def mia(reader: Any) -> Phone:
    """A phone of an account that holds nothing yet. The server is everybody's: accounts are apart anyway."""
    return phone(reader, new_account(reader))


def pull(mia: Phone, last: Any = 0, **query: Any) -> Any:
    answer = mia.client.get(MELON, query_string={"last_pulled_at": last, **query}, headers=mia.bearer)
    assert answer.status_code == 200, answer.text
    return answer.json


def push(mia: Phone, last: int, tables: Mapping[str, Any], **query: Any) -> Any:
    asked = {"last_pulled_at": last, **query}
    return mia.client.post(MELON, query_string=asked, json=tables, headers=mia.bearer)


def rx_push(mia: Phone, collection: str, *rows: Any, **query: Any) -> Any:
    return mia.client.post(f"{RX}/{collection}/push", query_string=query, json=list(rows), headers=mia.bearer)


def row(new: Mapping[str, Any], assumed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    states = {"newDocumentState": {"_deleted": False, **new}}
    return states if assumed is None else {**states, "assumedMasterState": {"_deleted": False, **assumed}}


def created(**tables: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: {"created": rows, "updated": [], "deleted": []} for name, rows in tables.items()}


def head(reader: Any, mia: Phone) -> int:
    with as_owner(reader) as conn:
        found = store.read_head(conn, f"account:{mia.account}")
    assert found is not None
    return found.seq


# --- who may, and how often ------------------------------------------------------------------------------


def everything(mia: Phone, headers: Mapping[str, str]) -> list[Any]:
    ask = mia.client
    return [
        ask.get(f"{MELON}?last_pulled_at=0", headers=headers),
        ask.post(f"{MELON}?last_pulled_at=1", json={}, headers=headers),
        ask.get(f"{RX}/routine/pull", headers=headers),
        ask.post(f"{RX}/routine/push", json=[], headers=headers),
    ]


def test_nobody_replicates_without_a_token_for_it(reader: Any, mia: Phone) -> None:
    assert [answer.status_code for answer in everything(mia, {})] == [401] * 4
    token = mint(reader.settings, str(uuid.uuid4()), ["member"], 60, scope="account")
    assert [a.status_code for a in everything(mia, {"Authorization": f"Bearer {token}"})] == [403] * 4


def test_an_operator_has_nothing_to_replicate(reader: Any, mia: Phone) -> None:
    headers = reader.token("admin", subject="ops")
    assert [answer.status_code for answer in everything(mia, headers)] == [403] * 4


def test_an_erased_account_is_told_that_it_is_gone(reader: Any, mia: Phone) -> None:
    headers = reader.token("member", subject=str(uuid.uuid4()))
    assert [answer.status_code for answer in everything(mia, headers)] == [401] * 4


def test_who_comes_too_often_is_told_when_to_come_again(
    start: Callable[..., Any], make_database: Any, published: Any
) -> None:
    limber = start(make_database(published.database), published, changed={"sync_per_minute": 2})
    mia = phone(limber, new_account(limber))
    first, second, third, fourth = everything(mia, mia.bearer)
    assert (first.status_code, third.status_code, fourth.status_code) == (200, 429, 429)
    assert second.status_code == 409
    assert int(third.headers["Retry-After"]) >= 1


def test_answers_are_private_and_compressed(mia: Phone) -> None:
    mia.sync(*(mia.patch("routine", str(uuid.uuid4()), {"title": f"Routine {n}"}) for n in range(30)))
    answer = mia.client.get(f"{RX}/routine/pull", headers={**mia.bearer, "Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert len(orjson.loads(gzip.decompress(answer.data))["documents"]) == 30


# --- what is wrong is named ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"last_pulled_at": "yesterday"}, "last_pulled_at"),
        ({"last_pulled_at": "-1"}, "last_pulled_at"),
        ({"last_pulled_at": str(2**53)}, "last_pulled_at"),
        ({"migration": "{"}, "migration"),
        ({"migration": '{"columns":[1]}'}, "migration"),
        ({"migration": "[]"}, "migration"),
        ({"schema_version": "x"}, "schema_version"),
        ({"tables": "routine,rotine"}, "tables"),
        ({"since": "1"}, "since"),
    ],
)
def test_a_wrong_question_of_watermelondb_is_named(mia: Phone, query: dict[str, str], named: str) -> None:
    answer = mia.client.get(MELON, query_string=query, headers=mia.bearer)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [named]


@pytest.mark.parametrize("never", ["", "0", "null", "undefined"])
def test_every_spelling_of_never_is_a_first_pull(mia: Phone, never: str) -> None:
    mia.sync(mia.patch("routine", str(uuid.uuid4()), {"title": "One"}))
    assert len(pull(mia, never, migration="null")["changes"]["routine"]["updated"]) == 1


@pytest.mark.parametrize(
    ("tables", "query", "named"),
    [
        ({}, {"last_pulled_at": None}, "last_pulled_at"),
        ({}, {"device": "mine"}, "device"),
        ([], {}, "body"),
        ({"changes": []}, {}, "changes"),
        ({"routine": {"created": [{"title": "no id"}]}}, {}, "changes.routine.value.created.0.id"),
        ({"routine": {"updated": [{"id": "a\x00"}]}}, {}, "changes.routine.value.updated.0.id"),
        ({"routine": {"deleted": [5]}}, {}, "changes.routine.value.deleted.0"),
        ({"routine": {"created": [{"id": "a"}], "deleted": ["a"]}}, {}, "changes.routine.value.deleted.0"),
    ],
)
def test_a_wrong_push_of_watermelondb_is_named(
    mia: Phone, tables: Any, query: dict[str, Any], named: str
) -> None:
    asked = {name: value for name, value in {"last_pulled_at": 1, **query}.items() if value is not None}
    answer = mia.client.post(MELON, query_string=asked, json=tables, headers=mia.bearer)
    assert answer.status_code == 422, answer.text
    assert list(answer.json["errors"]) == [named]


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("routine", {"id": "nonsense"}, "id"),
        ("routine", {"limit": "0"}, "limit"),
        ("routine", {"limit": "10001"}, "limit"),
        ("routine", {"rev": "x"}, "rev"),
    ],
)
def test_a_wrong_question_of_rxdb_is_named(mia: Phone, path: str, query: dict[str, str], named: str) -> None:
    answer = mia.client.get(f"{RX}/{path}/pull", query_string=query, headers=mia.bearer)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [named]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ({}, "body"),
        ([{}], "0.newDocumentState"),
        ([{"newDocumentState": {"title": "no id"}}], "0.newDocumentState.id"),
        ([row({"id": "a"}), row({"id": "a"})], "1.newDocumentState.id"),
        ([row({"id": "a"}, {"id": 5})], "0.assumedMasterState.id"),
        ([row({"id": str(number)}) for number in range(501)], "body"),
    ],
)
def test_a_wrong_push_of_rxdb_is_named(mia: Phone, rows: Any, named: str) -> None:
    answer = mia.client.post(f"{RX}/routine/push", json=rows, headers=mia.bearer)
    assert answer.status_code == 422, answer.text
    assert list(answer.json["errors"]) == [named]


def test_a_collection_that_accounts_do_not_have_is_not_found(mia: Phone) -> None:
    for answer in (
        mia.client.get(f"{RX}/exercise/pull", headers=mia.bearer),
        mia.client.post(f"{RX}/exercise/push", json=[], headers=mia.bearer),
    ):
        assert answer.status_code == 404
        assert "routine" in answer.json["detail"]


def test_a_checkpoint_of_somebody_else_opens_nothing(reader: Any, mia: Phone) -> None:
    tom = phone(reader, new_account(reader))
    tom.sync(tom.patch("routine", str(uuid.uuid4()), {"title": "Tom's"}))
    checkpoint = tom.client.get(f"{RX}/routine/pull", headers=tom.bearer).json["checkpoint"]
    answer = mia.client.get(f"{RX}/routine/pull", query_string=checkpoint, headers=mia.bearer)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["id"])


# --- WatermelonDB's shapes -------------------------------------------------------------------------------


@given(
    st.text(alphabet="0123456789abcdef", min_size=1, max_size=16),
    st.integers(0, 2**32),
    st.integers(0, 2**32),
)
def test_a_timestamp_is_a_place_and_an_exact_number_above_zero(epoch: str, seq: int, floor: int) -> None:
    there = Head(epoch, seq, min(seq, floor))
    number = timestamp(there)
    assert 0 < number < 2**53
    assert float(number) == number
    assert place(number, there) == seq
    assert place(number, Head(epoch + "1", seq, 0)) in ("epoch", seq)  # one epoch in a million looks the same
    assert place(timestamp(Head(epoch, seq + 1, 0)), there) == "ahead"
    if seq > 1:
        assert place(timestamp(Head(epoch, seq - 1, 0)), Head(epoch, seq, seq)) == "pruned"


def test_epochs_are_told_apart() -> None:
    same_tag = [
        n for n in range(2000) if isinstance(place(timestamp(Head("one", 5, 0)), Head(f"{n}", 5, 0)), int)
    ]
    assert same_tag == []


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9]{0,5}(_json){0,2}", fullmatch=True), json_values(), max_size=4
    )
)
@settings(max_examples=50)
def test_any_record_survives_the_way_to_columns_and_back(data: dict[str, Any]) -> None:
    columns = raw("an id", data)
    assert all(value is None or isinstance(value, str | int | float) for value in columns.values())
    back = dict(field(name, value) for name, value in columns.items() if name != "id")
    assert back == {name: value for name, value in data.items() if name != "id"}


def test_names_that_would_break_a_client_do_not_reach_it(mia: Phone) -> None:
    poison = {"title": "Fine", "__proto__": {"a": 1}, "_status": "synced", "_changed": "title"}
    mia.sync(mia.patch("routine", str(uuid.uuid4()), poison))
    assert set(pull(mia)["changes"]["routine"]["updated"][0]) == {"id", "title"}
    documents = mia.client.get(f"{RX}/routine/pull", headers=mia.bearer).json["documents"]
    assert "__proto__" not in documents[0]


def test_the_tables_may_be_the_body_itself_or_its_changes(mia: Phone) -> None:
    last = pull(mia)["timestamp"]
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    assert push(mia, last, created(routine=[{"id": one, "title": "One"}])).json == {}
    assert push(mia, last, {"changes": created(routine=[{"id": two, "title": "Two"}])}).json == {}
    assert {each["title"] for each in pull(mia)["changes"]["routine"]["updated"]} == {"One", "Two"}


def test_a_client_gets_the_tables_that_it_has(mia: Phone) -> None:
    mia.sync(
        mia.patch("routine", str(uuid.uuid4()), {"title": "One"}), mia.patch("profile", "me", {"name": "Mia"})
    )
    assert set(pull(mia)["changes"]) == {"routine", "profile"}
    assert set(pull(mia, tables="routine,feedback")["changes"]) == {"routine"}
    # What replaces a copy names also the tables of which nothing is left.
    assert set(pull(mia, 1, tables="routine,feedback")["changes"]) == {"routine", "feedback"}
    assert set(pull(mia, 1)["changes"]) == set(RULES)


def test_without_changed_only_what_differs_is_taken(reader: Any, mia: Phone) -> None:
    record = str(uuid.uuid4())
    mia.sync(mia.patch("routine", record, {"title": "Title", "notes": "some", "items": [{"slug": "lunge"}]}))
    last = pull(mia)["timestamp"]
    given = {
        "id": record,
        "title": "New",
        "notes": "some",
        "items_json": '[ {"slug": "lunge"} ]',
        "kind": "",
        "order": 0,
    }
    answer = push(mia, last, {"routine": {"updated": [given]}})
    assert answer.json == {}
    mia.sync()
    assert mia.copy["routine", record] == {"title": "New", "notes": "some", "items": [{"slug": "lunge"}]}


def test_a_session_is_written_once_and_whole(reader: Any, mia: Phone) -> None:
    last, record = pull(mia)["timestamp"], str(uuid.uuid4())
    columns = {
        "id": record, "at": AT, "model": "0" * 64, "catalog": 1, "payload_json": '{"seed":7}', "rpe": None,
        "completed_s": 600, "slots_json": orjson.dumps([SLOT]).decode(), "_status": "created", "_changed": "",
    }  # fmt: skip
    assert push(mia, last, created(session=[columns])).json == {}
    before = head(reader, mia)
    assert push(mia, last, created(session=[columns])).json == {}
    assert head(reader, mia) == before
    mia.sync()
    stored = mia.copy["session", record]
    assert (stored["id"], stored["rpe"], stored["slots"]) == (record, None, [SLOT])
    later = pull(mia)["timestamp"]
    refused = push(mia, later, {"session": {"updated": [{**columns, "_changed": "rpe", "rpe": 5}]}}).json
    assert refused["errors"][0]["code"] == "append_only"
    refused = push(mia, later, {"session": {"deleted": [record]}}).json
    assert refused["experimentalRejectedIds"] == {"session": [record]}


def test_a_full_account_takes_no_more_records_but_still_edits_and_deletions(
    start: Callable[..., Any], make_database: Any, published: Any
) -> None:
    limber = start(make_database(published.database), published, changed={"account_records": 2})
    mia = phone(limber, new_account(limber))
    one, two, three = (str(uuid.uuid4()) for _ in range(3))
    mia.sync(mia.patch("routine", one, {"title": "One"}), mia.patch("routine", two, {"title": "Two"}))
    last = pull(mia)["timestamp"]
    tables = {
        "routine": {
            "created": [{"id": three, "title": "Three"}],
            "updated": [{"id": one, "title": "New", "_changed": "title"}],
            "deleted": [two],
        },
        "constraint": {"created": [{"id": three, "notes": "mine"}]},
        "rotine": {"created": [{"id": "x"}], "deleted": ["y"]},
    }
    answer = push(mia, last, tables).json
    assert {(each["table"], each["id"], each["code"]) for each in answer["errors"]} == {
        ("routine", three, "quota_records"),
        ("constraint", three, "read_only"),
        ("rotine", "x", "unknown_collection"),
    }
    mia.sync()
    assert mia.copy == {("routine", one): {"title": "New"}}
    refused = rx_push(mia, "routine", row({"id": three, "title": "Three"}), rejected="list").json
    assert [each["code"] for each in refused["rejected"]] == ["quota_records"]
    assert refused["conflicts"] == [{"id": three, "_deleted": True}]


# --- RxDB's shapes ---------------------------------------------------------------------------------------


def test_a_push_answers_the_conflicts_alone_unless_it_asks_for_more(mia: Phone) -> None:
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    mia.sync(mia.patch("routine", one, {"title": "There"}))
    rows = [row({"id": one, "title": "Here"}, {"id": one, "title": "Before"}), row({"id": two, "title": 5})]
    there = {"id": one, "title": "There", "_deleted": False}
    assert rx_push(mia, "routine", *rows).json == [there, {"id": two, "_deleted": True}]
    answer = rx_push(mia, "routine", *rows, rejected="list").json
    assert answer["conflicts"] == [there, {"id": two, "_deleted": True}]
    assert [(each["id"], each["code"], each["field"]) for each in answer["rejected"]] == [
        (two, "invalid", "title")
    ]


def test_an_equal_document_is_never_a_conflict(reader: Any, mia: Phone) -> None:
    record = str(uuid.uuid4())
    mia.sync(mia.patch("routine", record, {"title": "Same", "items": [], "notes": None}))
    before = head(reader, mia)
    state = {"id": record, "title": "Same", "items": []}
    for assumed in (None, state, {"id": record, "title": "Before"}, {"id": record, "_deleted": True}):
        assert rx_push(mia, "routine", row(state, assumed)).json == []
    for gone in (row({"id": str(uuid.uuid4()), "_deleted": True}), row({"id": "x", "_deleted": True}, state)):
        assert rx_push(mia, "routine", gone).json == []
    assert head(reader, mia) == before


def test_what_is_only_read_answers_as_it_is(mia: Phone) -> None:
    answer = rx_push(mia, "constraint", row({"id": str(uuid.uuid4()), "notes": "mine"}), rejected="list").json
    assert answer["rejected"][0]["code"] == "read_only"


SMALL = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2) | st.none(), max_size=3)


@given(st.none() | SMALL, st.none() | SMALL, SMALL)
def test_a_push_keeps_what_the_client_changed_and_what_changed_here_or_says_conflict(
    master: dict[str, Any] | None, assumed: dict[str, Any] | None, new: dict[str, Any]
) -> None:
    before = None if master is None else records.Held(1, False, master, "0")
    took = None if assumed is None else {"id": "x", "_deleted": False, **assumed}
    stored, base = master or {}, assumed or {}
    try:
        done = wanted(RULES["routine"], {"id": "x", "_deleted": False, **new}, took, before)
    except Conflict:
        assert master is None or stored != new  # never for an equal document
        return
    assert done is not None
    after = {**stored, **done}
    for name in "abc":
        mine, theirs = new.get(name) != base.get(name), stored.get(name) != base.get(name)
        if mine:
            assert after.get(name) == new.get(name)
        elif theirs:
            assert after.get(name) == stored.get(name)
    # What the client will not hear of by its next pull, it has.
    if not done:
        assert all(after.get(name) == new.get(name) for name in {*new, *base})


def test_a_client_that_said_what_the_master_says_is_told_what_else_it_says() -> None:
    held = records.Held(7, False, {"a": 1, "b": 2}, "0")
    new, assumed = {"id": "x", "_deleted": False, "a": 1}, {"id": "x", "_deleted": False, "a": 0}
    assert wanted(RULES["routine"], new, assumed, held) == {"a": 1}  # set again, so that it comes again
    assert wanted(RULES["routine"], {**new, "b": 2}, assumed, held) == {}
    assert wanted(RULES["feedback"], new, assumed, held) == {}  # what is written once cannot be set again


# --- what both keep --------------------------------------------------------------------------------------


def test_what_is_sealed_is_sealed_from_here_too_and_compares_as_what_it_means(
    reader: Any, mia: Phone
) -> None:
    last = pull(mia)["timestamp"]
    me = {"id": "me", "level": "trained", "conditions_json": '["achilles_tendinopathy"]'}
    assert push(mia, last, created(profile=[me])).json == {}
    answer = rx_push(mia, "profile", row({"id": "me", "red_flags": ["chest_pain"]}))
    assert answer.json == []
    with as_owner(reader) as conn:
        kept = conn.execute(
            text("SELECT data FROM record WHERE collection = 'profile' AND stream = :stream"),
            {"stream": f"account:{mia.account}"},
        ).scalar_one()
    assert kept["level"] == "trained"
    assert all(kept[name].startswith(MARK) for name in ("conditions", "red_flags"))
    before = head(reader, mia)
    assert push(mia, pull(mia)["timestamp"], created(profile=[me])).json == {}
    state = {
        "id": "me",
        "level": "trained",
        "conditions": ["achilles_tendinopathy"],
        "red_flags": ["chest_pain"],
    }
    assert rx_push(mia, "profile", row(state, {**state, "red_flags": []})).json == []
    assert head(reader, mia) == before
    documents = mia.client.get(f"{RX}/profile/pull", headers=mia.bearer).json["documents"]
    assert documents == [{**state, "_deleted": False}]


def test_an_edit_made_after_seeing_a_value_beats_it_though_its_clock_is_ahead(mia: Phone) -> None:
    record = str(uuid.uuid4())
    mia.sync(mia.patch("routine", record, {"title": "Ahead", "notes": "ahead"}, NOW_MS + 240_000))
    last = pull(mia)["timestamp"]
    push(mia, last, {"routine": {"updated": [{"id": record, "title": "After", "_changed": "title"}]}})
    rx_push(mia, "routine", row({"id": record, "notes": "after"}, {"id": record, "notes": "ahead"}))
    mia.sync()
    assert mia.copy["routine", record] == {"title": "After", "notes": "after"}


def test_the_clock_of_a_change_names_the_device_that_pushed_it(reader: Any, mia: Phone) -> None:
    record, device = str(uuid.uuid4()), "00112233445566aa"
    last = pull(mia)["timestamp"]
    push(mia, last, created(routine=[{"id": record, "title": "One"}]), device=device)
    rx_push(mia, "routine", row({"id": record, "notes": "two"}), device="bb" * 8)
    with as_owner(reader) as conn:
        clocks = conn.execute(text("SELECT clocks FROM record WHERE id = :id"), {"id": record}).scalar_one()
    assert clocks["title"].endswith(device)
    assert clocks["notes"].endswith("bb" * 8)


def test_others_are_woken_when_something_moved_and_only_then(
    mia: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(records, "wake", lambda *given: woken.append(given[3]))
    last, record, device = pull(mia)["timestamp"], str(uuid.uuid4()), "00112233445566aa"
    tables = created(routine=[{"id": record, "title": "One"}])
    for _ in range(2):
        assert push(mia, last, tables, device=device).status_code == 200
    one = {"id": record, "title": "One"}
    for _ in range(2):
        rx_push(mia, "routine", row({**one, "notes": "two"}, one), device=device)
    assert woken == [device, device]


@given(json_values(), json_values())
def test_two_json_values_are_the_same_when_their_text_is(one: Any, other: Any) -> None:
    assert same(one, one)
    if same(one, other):
        assert one == other
    assert not same(True, 1)
    assert not same({"a": 0}, {"a": False})
    assert same({"a": [1, None]}, {"a": [1.0, None]})


@pytest.mark.parametrize("name", ["limber-watermelondb.mjs", "limber-rxdb.mjs"])
def test_the_code_to_copy_is_the_code_that_is_tested(name: str) -> None:
    code = (ROOT / "tests" / "node" / name).read_text()
    assert f"```js\n{code}```" in (ROOT / "docs" / "adapters.md").read_text()
