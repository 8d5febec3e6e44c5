"""`POST /v1/sync`: what a device says is kept, what others said comes back, whatever gets lost on the way."""

import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from server.replication import parts
from sync import push as pushing
from sync import store
from sync.canonical import catalog_digest, document_digest
from sync.clock import Stamp
from sync.clock import text as clock_text
from tests.server.accounts import NOW_MS, Phone, as_owner, new_account, phone

DAY_MS = 86_400_000
OTHER = "aaaaaaaaaaaaaaaa"
SLOT = {
    "slug": "squat", "place": 0, "propensity": 1.0, "explored": False, "outcome": "completed", "rating": 1, "pain": 0,
}  # fmt: skip


@pytest.fixture
def mia(limber: Any) -> Phone:
    """A phone of an account that holds nothing yet."""
    return phone(limber, new_account(limber))


def twin(limber: Any, one: Phone, device: str = OTHER) -> Phone:
    """Another device of the same person."""
    return Phone(limber.client, one.bearer, one.account, device)


def session(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "at": "2026-05-01T10:00:00Z", "model": "0" * 64, "catalog": 1, "payload": {},
        "rpe": 5, "completed_s": 600, "slots": [SLOT], **fields,
    }  # fmt: skip


# What devices say


def test_what_one_device_says_another_reads(limber: Any, mia: Phone) -> None:
    fields = {"level": "trained", "conditions": ["achilles_tendinopathy"], "birth_year": 1990}
    answer = mia.sync(mia.patch("profile", "me", fields))
    assert answer["results"] == [{"id": "me", "status": "applied", "seq": 1}]
    tablet = twin(limber, mia)
    tablet.sync()
    assert tablet.copy == mia.copy == {("profile", "me"): fields}
    assert abs(answer["server_time"] - time.time() * 1000) < 600_000


def test_a_change_tells_its_clock_and_its_place(limber: Any, mia: Phone) -> None:
    patch = mia.patch("profile", "me", {"level": "trained"})
    mia.sync(patch, mia.patch("exercise_pref", "squat", {"rating": 1}))
    first, second = twin(limber, mia).sync()["account"]["changes"]
    assert (first["collection"], first["id"], first["seq"], first["deleted"]) == ("profile", "me", 1, False)
    assert first["hlc"] == patch["hlc"]
    assert second["seq"] == 2


def test_a_deletion_reaches_the_others_without_the_data(limber: Any, mia: Phone) -> None:
    tablet = twin(limber, mia)
    mia.sync(mia.patch("exercise_pref", "squat", {"rating": 1}))
    tablet.sync()
    mia.sync(mia.patch("exercise_pref", "squat", None))
    (change,) = tablet.sync()["account"]["changes"]
    assert (change["deleted"], change["data"]) == (True, None)
    assert tablet.copy == {}


def test_two_devices_that_were_apart_end_the_same_and_lose_nothing(limber: Any, mia: Phone) -> None:
    tablet = twin(limber, mia)
    mia.sync(mia.patch("profile", "me", {"level": "beginner", "sex": "female"}, NOW_MS - 4000))
    tablet.sync()
    late = mia.patch("profile", "me", {"level": "trained"}, NOW_MS - 3000)
    early = tablet.patch("profile", "me", {"level": "recreational", "birth_year": 1990}, NOW_MS - 2000)
    assert tablet.sync(early)["results"][0]["status"] == "applied"
    assert mia.sync(late)["results"][0]["status"] == "stale"
    tablet.sync()
    assert mia.copy == tablet.copy
    assert mia.copy["profile", "me"] == {"level": "recreational", "sex": "female", "birth_year": 1990}


def test_a_device_does_not_download_what_it_has_just_said(limber: Any, mia: Phone) -> None:
    mia.sync()
    answer = mia.sync(*(mia.patch("exercise_pref", f"e-{n}", {"rating": 1}) for n in range(20)))
    assert [result["seq"] for result in answer["results"]] == list(range(1, 21))
    assert answer["account"]["changes"] == []
    assert mia.sync()["account"]["changes"] == []


def test_what_others_said_comes_in_the_answer_to_a_push(limber: Any, mia: Phone) -> None:
    tablet = twin(limber, mia)
    mia.sync(mia.patch("profile", "me", {"level": "trained"}))
    tablet.sync()
    mia.sync(mia.patch("exercise_pref", "squat", {"rating": 1}))
    answer = tablet.sync(tablet.patch("profile", "me", {"sex": "female"}))["account"]
    assert [(change["id"], change["seq"]) for change in answer["changes"]] == [("squat", 2)]
    # One that merges with what it has not seen is told the outcome.
    mia.sync(mia.patch("profile", "me", {"birth_year": 1990}))
    answer = tablet.sync(tablet.patch("profile", "me", {"sex": "other"}))["account"]
    assert [change["data"]["birth_year"] for change in answer["changes"]] == [1990]
    mia.sync()
    assert tablet.copy == mia.copy


def test_a_lost_answer_costs_a_repeat_and_nothing_else(limber: Any, mia: Phone) -> None:
    mia.sync()
    patches = [
        mia.patch("profile", "me", {"level": "trained"}),
        mia.patch("exercise_pref", "squat", {"rating": 1}),
    ]
    lost = mia.post(patches=patches).json
    again = mia.post(patches=patches).json
    assert again["results"] == lost["results"]
    # What it did not hear is told now, and that is all.
    assert [change["seq"] for change in again["account"]["changes"]] == [1, 2]
    tablet = twin(limber, mia)
    assert [change["seq"] for change in tablet.sync()["account"]["changes"]] == [1, 2]


def test_a_first_sync_begins_at_once(limber: Any, mia: Phone) -> None:
    answer = mia.post().json["account"]
    assert (answer["changes"], answer["more"]) == ([], False)
    assert "resync" not in answer


def test_sealed_fields_come_back_clear_and_lie_sealed(limber: Any, mia: Phone) -> None:
    said = {
        "conditions": ["achilles_tendinopathy"],
        "level": "trained",
        "later_field": 'quote " \\ and \u2028',
    }
    mia.sync(mia.patch("profile", "me", said))
    with as_owner(limber) as conn:
        stored = conn.execute(text("SELECT data::text FROM record WHERE collection = 'profile'")).scalar_one()
    assert "achilles" not in stored
    assert "quote" not in stored
    assert "trained" in stored
    tablet = twin(limber, mia)
    tablet.sync()
    assert tablet.copy["profile", "me"] == said


def test_an_account_sees_nothing_of_another(limber: Any, mia: Phone) -> None:
    mia.sync(mia.patch("profile", "me", {"level": "trained"}))
    ben = phone(limber, new_account(limber))
    ben.sync()
    assert ben.copy == {}
    foreign = ben.post(cursors=mia.cursors)
    assert (foreign.status_code, list(foreign.json["errors"])) == (422, ["cursors.account"])


# Pages


def test_pages_are_frozen_at_the_first_ones_head(limber: Any, mia: Phone) -> None:
    mia.sync(*(mia.patch("exercise_pref", f"e-{n}", {"rating": 0}) for n in range(10)))
    tablet = twin(limber, mia)
    first = tablet.take(tablet.post(limit=4))
    assert [change["seq"] for change in first["account"]["changes"]] == [1, 2, 3, 4]
    assert (first["account"]["more"], first["next_sync_after_s"]) == (True, 0)
    mia.sync(
        mia.patch("exercise_pref", "e-9", {"rating": 1}), mia.patch("exercise_pref", "new", {"rating": 1})
    )
    pages = [tablet.take(tablet.post(limit=4))["account"] for _ in range(3)]
    # The record that was rewritten has left the window; what came later is in the next one.
    assert [[change["seq"] for change in page["changes"]] for page in pages] == [[5, 6, 7, 8], [9], [11, 12]]
    assert [page["more"] for page in pages] == [True, True, False]
    mia.sync()
    assert tablet.copy == mia.copy


def test_a_big_pull_comes_in_pages_of_the_servers_limit(
    start: Callable[..., Any], make_database: Any, published: Any
) -> None:
    limber = start(make_database(published.database), published, changed={"page_limit": 50})
    mia = phone(limber, new_account(limber))
    for begin in range(0, 220, 110):
        mia.sync(*(mia.patch("exercise_pref", f"e-{begin + n}", {"rating": 0}) for n in range(110)))
    tablet, pages = twin(limber, mia), 0
    more = True
    while more:
        part = tablet.take(tablet.post(limit=10_000))["account"]
        assert len(part["changes"]) <= 50
        more, pages = part["more"], pages + 1
    assert pages == 5
    assert len(tablet.copy) == 220
    assert tablet.copy == mia.copy


def test_a_new_epoch_makes_devices_begin_again_and_keeps_what_they_had_to_say(
    limber: Any, mia: Phone
) -> None:
    mia.sync(mia.patch("profile", "me", {"level": "trained"}))
    with as_owner(limber) as conn:
        store.new_epochs(conn)
    patch = mia.patch("exercise_pref", "squat", {"rating": 1})
    answer = mia.take(mia.post(patches=[patch]), [patch])
    assert answer["results"][0]["status"] == "applied"
    assert answer["account"]["resync"] == "epoch"
    assert answer["account"]["more"] is True
    mia.sync()
    assert set(mia.copy) == {("profile", "me"), ("exercise_pref", "squat")}


def test_a_device_that_missed_forgotten_deletions_resyncs_before_it_writes(limber: Any, mia: Phone) -> None:
    mia.sync(mia.patch("exercise_pref", "one", {"rating": 1}))
    tablet = twin(limber, mia)
    tablet.sync()
    mia.sync(mia.patch("exercise_pref", "two", {"rating": 1}))
    mia.sync(mia.patch("exercise_pref", "two", None))
    with as_owner(limber) as conn:
        conn.execute(text("UPDATE record SET at = at - interval '200 days' WHERE deleted"))
        assert store.prune_accounts(conn, datetime.now(UTC) - timedelta(days=180)) == 1
    patch = tablet.patch("exercise_pref", "three", {"rating": 1})
    answer = tablet.take(tablet.post(patches=[patch]), [patch])
    assert answer["results"] == [{"id": "three", "status": "deferred"}]
    assert answer["account"]["resync"] == "pruned"
    assert tablet.sync(patch)["results"][0]["status"] == "applied"
    mia.sync()
    assert tablet.copy == mia.copy


# Patches that are refused


def patches_that_are_refused() -> list[Any]:
    ahead = clock_text(Stamp(NOW_MS + 3_600_000, 0, OTHER))
    ancient = clock_text(Stamp(NOW_MS - 181 * DAY_MS, 0, OTHER))
    fine = clock_text(Stamp(NOW_MS, 0, OTHER))
    pref = {"collection": "exercise_pref", "id": "squat", "hlc": fine}
    rating = {"set": {"rating": 1}}
    return [
        (5, "invalid", ""),
        (None, "invalid", ""),
        ([], "invalid", ""),
        ({}, "unknown_collection", "collection"),
        ({**pref, **rating, "collection": "diary"}, "unknown_collection", "collection"),
        ({**pref, **rating, "collection": ["profile"]}, "unknown_collection", "collection"),
        ({**pref, **rating, "id": 5}, "invalid", "id"),
        ({**pref, **rating, "id": "No Slug"}, "invalid", "id"),
        ({**pref, **rating, "hlc": "yesterday"}, "invalid", "hlc"),
        ({**pref, **rating, "hlc": None}, "invalid", "hlc"),
        ({**pref, **rating, "hlc": ahead}, "clock_ahead", "hlc"),
        ({**pref, **rating, "hlc": ancient}, "gone", "id"),
        (pref, "invalid", "set"),
        ({**pref, "set": {}}, "invalid", "set"),
        ({**pref, "set": [1]}, "invalid", "set"),
        ({**pref, "delete": "yes"}, "invalid", "delete"),
        ({**pref, **rating, "delete": True}, "invalid", "delete"),
        ({**pref, "set": {"rating": 2}}, "invalid", "set.rating"),
        ({**pref, "set": {"rating": "\x1asealed:x"}}, "invalid", "set"),
        ({**pref, "set": {"extra": "nul \x00"}}, "invalid", "set.extra"),
        ({**pref, "set": {"extra": 2**60}}, "invalid", "set.extra"),
        ({**pref, "set": {"extra": ["x" * 1000] * 900}}, "too_large", "set"),
        ({**pref, "collection": "constraint", "id": str(uuid.uuid4()), **rating}, "read_only", "collection"),
        ({**pref, "collection": "session", "id": str(uuid.uuid4()), "delete": True}, "append_only", "delete"),
    ]  # fmt: skip


def test_one_bad_patch_never_fails_the_others(limber: Any, mia: Phone) -> None:
    mia.sync()
    bad = patches_that_are_refused()
    good = [mia.patch("exercise_pref", f"good-{n}", {"rating": 1}) for n in range(len(bad))]
    mixed = [patch for pair in zip((each[0] for each in bad), good, strict=True) for patch in pair]
    results = mia.sync(*mixed)["results"]
    assert [result["status"] for result in results[1::2]] == ["applied"] * len(good)
    for (patch, code, field), result in zip(bad, results[::2], strict=True):
        assert result["status"] == "rejected", patch
        assert (result["error"]["code"], result["error"]["field"]) == (code, field), (patch, result)
        assert result["error"]["detail"].endswith("."), result
        said = patch.get("id") if isinstance(patch, dict) else None
        assert result["id"] == (said if isinstance(said, str) else None)
    assert len(twin(limber, mia).sync()["account"]["changes"]) == len(good)


def test_what_was_written_once_stays_as_it_was(limber: Any, mia: Phone) -> None:
    said = session()
    first = mia.patch("session", said["id"], said)
    second = mia.patch("session", said["id"], {**said, "rpe": 9})
    results = mia.sync(first, second, first)["results"]
    assert [result["status"] for result in results] == ["applied", "rejected", "applied"]
    assert results[1]["error"]["code"] == "append_only"
    tablet = twin(limber, mia)
    tablet.sync()
    assert tablet.copy["session", said["id"]]["rpe"] == 5


def test_an_account_that_is_full_is_told_which_patch_did_not_fit(
    start: Callable[..., Any], make_database: Any, published: Any
) -> None:
    full = {"account_records": 2, "account_bytes": 1024}
    limber = start(make_database(published.database), published, changed=full)
    mia = phone(limber, new_account(limber))
    notes = {"notes": secrets.token_hex(300)}
    patches = [mia.patch("exercise_pref", name, notes if name == "large" else {"rating": 1}) for name in "ab"]
    patches += [mia.patch("exercise_pref", "c", {"rating": 1}), mia.patch("exercise_pref", "a", notes)]
    patches += [mia.patch("exercise_pref", "b", notes), mia.patch("exercise_pref", "b", {"rating": 0})]
    results = mia.sync(*patches)["results"]
    said = [result.get("error", {}).get("code", result["status"]) for result in results]
    assert said == ["applied", "applied", "quota_records", "applied", "quota_bytes", "applied"]


def test_a_clock_that_is_ahead_is_told_the_servers_time(limber: Any, mia: Phone) -> None:
    answer = mia.sync(mia.patch("profile", "me", {"level": "trained"}, NOW_MS + DAY_MS))
    assert answer["results"][0]["error"]["code"] == "clock_ahead"
    mia.clock = None  # stamped again, from the time in the answer
    assert (
        mia.sync(mia.patch("profile", "me", {"level": "trained"}, answer["server_time"]))["results"][0]["seq"]
        == 1
    )


# What is left out


def test_only_what_was_asked_for_is_answered(limber: Any, mia: Phone) -> None:
    patch = mia.patch("profile", "me", {"level": "trained"})
    answer = mia.post(patches=[patch], cursors={}).json
    assert set(answer) == {"server_time", "protocol", "results", "next_sync_after_s"}
    assert answer["results"][0]["status"] == "applied"
    assert set(mia.post(cursors={"catalog": None}).json) - set(answer) == {"catalog"}


# The digest


def test_the_digest_is_that_of_a_complete_copy(limber: Any, mia: Phone) -> None:
    url = "/v1/sync/digest?stream=account"
    empty = mia.client.get(url, headers=mia.bearer).json
    assert (empty["documents"], empty["digest"]) == (0, catalog_digest({}))
    mia.sync(
        mia.patch("profile", "me", {"conditions": ["asthma"], "level": "trained"}),
        mia.patch("exercise_pref", "squat", {"rating": 1}),
        mia.patch("exercise_pref", "gone", {"rating": 1}),
    )
    mia.sync(mia.patch("exercise_pref", "gone", None))
    tablet = twin(limber, mia)
    tablet.sync()
    for _ in range(2):  # made, and from memory
        answer = mia.client.get(url, headers=mia.bearer)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json["documents"] == 2
        assert answer.json["digest"] == catalog_digest(
            {k: document_digest(v) for k, v in tablet.copy.items()}
        )
        assert answer.json["cursor"] == tablet.cursors["account"]


@pytest.mark.parametrize("query", ["", "?stream=catalog", "?stream=account&x=1"])
def test_a_digest_of_something_else_is_refused(limber: Any, mia: Phone, query: str) -> None:
    assert mia.client.get(f"/v1/sync/digest{query}", headers=mia.bearer).status_code == 422


# Trouble below


@pytest.mark.parametrize(
    "step", ["parts.data_key", "parts.push", "pushing.stored", "pushing._write", "store.pull"]
)
def test_a_database_that_dies_under_a_push_is_a_503_and_nothing_is_acknowledged(
    limber: Any, mia: Phone, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    module, name = (
        {"parts": parts, "pushing": pushing, "store": store}[step.split(".")[0]],
        step.split(".")[1],
    )
    original = getattr(module, name)

    def dies(conn: Connection, *given: Any, **options: Any) -> Any:
        pid = conn.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with as_owner(limber) as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return original(conn, *given, **options)

    patch = mia.patch("profile", "me", {"level": "trained"})
    with monkeypatch.context() as broken:
        broken.setattr(module, name, dies)
        answer = mia.post(patches=[patch, mia.patch("exercise_pref", "squat", {"rating": 1})])
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert mia.sync(patch)["results"] == [{"id": "me", "status": "applied", "seq": 1}]
