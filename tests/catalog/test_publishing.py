"""Editors publish now, at a time, and back again; each release is signed, higher and explained."""

import copy
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine

from server.catalog import drafts, publishing
from server.catalog.comparing import Change, diff, documents_of, pending, release_of
from server.catalog.content import Problem, read_seed
from server.catalog.documents import put, stored
from server.catalog.history import SYSTEM, trail
from server.catalog.merging import FieldChange
from server.catalog.publish import PublishRefused, load_seed
from server.catalog.refusals import Refused, Unknown, WrongState
from sync import signing, store
from sync.objects import FolderStore, ObjectStore, open_store
from sync.releases import Release, current_release
from tests.catalog.conftest import ADA, EDA, NOW, PAT

SEED = read_seed()
KEY = Ed25519PrivateKey.generate()
TRUSTED = {key["key_id"]: key["public_key"] for key in signing.trust_document(KEY)["keys"]}
MARCH = ("exercise", "march-in-place")
LATER = NOW + timedelta(days=1)
Publish = Callable[..., Release | None]


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return open_store(str(tmp_path / "objects"))


@pytest.fixture
def publish(objects: ObjectStore) -> Publish:
    """Publish whatever is approved: these small documents are no catalogue."""
    return lambda conn, notes="News.", now=NOW: publishing.release(
        conn, objects, KEY, EDA, notes, now, check=lambda documents: []
    )


def docs(**values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {("exercise", name): {"name": value} for name, value in values.items()}


def edit(conn: Connection, name: str, value: str | None) -> None:
    put(conn, PAT, ("exercise", name), None if value is None else {"name": value}, now=NOW)


def held(conn: Connection) -> dict[str, Any]:
    return {key[1]: data["name"] for key, data in store.state(conn, "catalog").items()}


def test_one_changed_exercise_is_a_release_of_one_document(desk: Connection, objects: ObjectStore) -> None:
    first = publishing.release(desk, objects, KEY, EDA, "The first.", NOW)
    assert first is not None
    data = copy.deepcopy(SEED[MARCH]) | {"difficulty": 2}
    put(desk, PAT, MARCH, data, now=NOW)
    assert pending(desk) == [Change(MARCH, SEED[MARCH], data, PAT.id, NOW)]
    second = publishing.release(desk, objects, KEY, EDA, "A harder march.", LATER)
    assert second is not None
    assert (second.number, second.seq) == (2, (first.seq or 0) + 1)
    assert pending(desk) == []
    manifest = signing.verify(second.manifest, TRUSTED)
    assert (manifest["release"], manifest["documents"]) == (2, len(SEED))
    (changed,) = diff(desk, objects, 1, 2)
    assert (changed.key, changed.kind) == (MARCH, "changed")
    assert changed.fields == [FieldChange("difficulty", SEED[MARCH]["difficulty"], 2)]
    newest, oldest = publishing.releases(desk)
    assert (newest.number, newest.published_at, newest.documents) == (2, LATER, len(SEED))
    assert newest.publication is not None
    assert (newest.publication.notes, newest.publication.changed) == ("A harder march.", 1)
    assert oldest.number == 1
    assert publishing.releases(desk, before=2) == [oldest]
    (told,) = trail(desk, release=2)
    assert (told.actor, told.action, told.reason) == (EDA.id, "release.published", "A harder march.")
    assert told.after == {"changed": 1, "documents": ["exercise/march-in-place"]}


def test_what_is_pending_is_what_the_next_release_writes(conn: Connection, publish: Publish) -> None:
    load_seed(conn, docs(a="A", b="B", c="C", d="D"))
    assert [each.kind for each in pending(conn)] == ["added"] * 4
    publish(conn)
    edit(conn, "a", "A2")
    edit(conn, "b", None)
    edit(conn, "e", "E")
    put(conn, PAT, ("motion", "c"), {"slug": "c"}, now=NOW)
    put(conn, PAT, ("guide", "b"), {"slug": "b"}, now=NOW)  # waits for its exercise
    assert [(each.key, each.kind) for each in pending(conn)] == [
        (("exercise", "a"), "changed"),
        (("exercise", "b"), "removed"),
        (("exercise", "e"), "added"),
        (("motion", "c"), "added"),
    ]
    before = store.read_head(conn, "catalog")
    publish(conn)
    after = store.read_head(conn, "catalog")
    assert before is not None
    assert after is not None
    assert after.seq - before.seq == 4
    assert pending(conn) == []


def test_publishing_without_a_change_makes_no_release_and_no_entry(
    conn: Connection, publish: Publish
) -> None:
    load_seed(conn, docs(a="A"))
    assert publish(conn) is not None
    assert publish(conn) is None
    assert [each.number for each in publishing.releases(conn)] == [1]
    assert len(trail(conn, action="release.published")) == 1


@pytest.mark.parametrize("notes", ["", "  \n ", "\x00"])
def test_a_release_says_what_is_new(conn: Connection, publish: Publish, notes: str) -> None:
    load_seed(conn, docs(a="A"))
    with pytest.raises(Refused, match="notes are needed"):
        publish(conn, notes)
    with pytest.raises(Refused, match="notes are needed"):
        publishing.schedule(conn, EDA, LATER, notes, NOW)
    assert current_release(conn, "catalog") is None


def test_a_catalogue_with_problems_is_refused_and_nothing_is_written(
    desk: Connection, objects: ObjectStore
) -> None:
    put(desk, PAT, MARCH, SEED[MARCH] | {"equipment": ["trebuchet"]}, now=NOW)
    with pytest.raises(PublishRefused, match="trebuchet"):
        publishing.release(desk, objects, KEY, EDA, "News.", NOW)
    assert current_release(desk, "catalog") is None
    assert publishing.releases(desk) == []
    assert publishing.publications(desk) == []


def test_what_is_planned_is_published_when_it_is_due_and_once(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, docs(a="A"))
    planned = publishing.schedule(conn, EDA, LATER, "At nine.", NOW)
    assert (planned.state, planned.scheduled_for) == ("scheduled", LATER)

    def due(now: datetime) -> list[publishing.Publication]:
        return publishing.publish_due(conn, objects, KEY, now, check=lambda d: [])

    assert due(LATER - timedelta(seconds=1)) == []
    assert publishing.publications(conn) == [planned]
    (done,) = due(LATER)
    assert (done.id, done.state, done.release, done.changed) == (planned.id, "published", 1, 1)
    assert due(LATER) == publishing.publications(conn) == []
    assert publishing.releases(conn)[0].publication == done
    assert [(e.action, e.actor) for e in trail(conn)[:2]] == [
        ("release.published", SYSTEM.id),
        ("release.scheduled", EDA.id),
    ]
    assert publish(conn) is None


def test_a_planned_release_of_a_wrong_catalogue_fails_saying_why_and_is_not_tried_again(
    desk: Connection, objects: ObjectStore
) -> None:
    put(desk, PAT, MARCH, SEED[MARCH] | {"equipment": ["trebuchet"]}, now=NOW)
    publishing.schedule(desk, EDA, LATER, "News.", NOW)
    (failed,) = publishing.publish_due(desk, objects, KEY, LATER)
    assert (failed.state, failed.release) == ("failed", None)
    assert "trebuchet" in (failed.problem or "")
    assert publishing.publish_due(desk, objects, KEY, LATER) == []
    assert publishing.publications(desk) == [failed]
    assert current_release(desk, "catalog") is None
    assert trail(desk)[0].action == "release.failed"


def test_a_planned_release_with_nothing_new_says_so(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, docs(a="A"))
    publishing.schedule(conn, EDA, LATER, "News.", NOW)
    publish(conn)
    (done,) = publishing.publish_due(conn, objects, KEY, LATER, check=lambda d: [])
    assert (done.state, done.problem) == ("cancelled", "Nothing had changed since the last release.")


def test_a_planned_release_waits_for_an_object_store_that_is_away(conn: Connection, tmp_path: Path) -> None:
    class Full(FolderStore):
        def put_if_absent(self, key: str, *rest: Any, **named: Any) -> bool:
            raise OSError("no space left on device")

    load_seed(conn, docs(a="A"))
    planned = publishing.schedule(conn, EDA, LATER, "News.", NOW)
    conn.commit()
    with pytest.raises(OSError, match="no space left"):
        publishing.publish_due(conn, Full(tmp_path / "full"), KEY, LATER, check=lambda d: [])
    conn.rollback()
    assert publishing.publications(conn) == [planned]


def test_a_planned_release_can_be_cancelled_until_it_is_done(conn: Connection, objects: ObjectStore) -> None:
    load_seed(conn, docs(a="A"))
    planned = publishing.schedule(conn, EDA, LATER, "News.", NOW)
    cancelled = publishing.cancel(conn, ADA, planned.id, NOW)
    assert (cancelled.state, cancelled.done_at) == ("cancelled", NOW)
    assert publishing.publish_due(conn, objects, KEY, LATER, check=lambda d: []) == []
    with pytest.raises(WrongState, match="cancelled already"):
        publishing.cancel(conn, ADA, planned.id, NOW)
    with pytest.raises(Unknown):
        publishing.cancel(conn, ADA, uuid.uuid4(), NOW)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW, "in the future"),
        (NOW + timedelta(days=400), "within a year"),
        (datetime(2027, 1, 1), "time zone"),
    ],
)
def test_a_release_is_planned_for_a_time_that_will_come(conn: Connection, at: datetime, said: str) -> None:
    with pytest.raises(Refused, match=said):
        publishing.schedule(conn, EDA, at, "News.", NOW)


def test_two_workers_at_once_publish_a_planned_release_once(engine: Engine, objects: ObjectStore) -> None:
    with engine.begin() as conn:
        load_seed(conn, docs(a="A"))
        for number in range(3):
            publishing.schedule(conn, EDA, LATER, f"News {number}.", NOW)

    def work(_: int) -> list[publishing.Publication]:
        with engine.begin() as conn:
            return publishing.publish_due(conn, objects, KEY, LATER, check=lambda d: [])

    with ThreadPoolExecutor(4) as pool:
        done = [each for found in pool.map(work, range(4)) for each in found]
    assert sorted(each.state for each in done) == ["cancelled", "cancelled", "published"]
    assert len({each.id for each in done}) == 3


def test_rolling_back_publishes_what_was_as_a_new_and_higher_release(
    conn: Connection, objects: ObjectStore, publish: Publish, new_reader: Any
) -> None:
    load_seed(conn, docs(a="A", b="B", c="C"))
    publish(conn)
    reader = new_reader("catalog", 2).catch_up(conn)
    edit(conn, "a", "worse")
    edit(conn, "b", None)
    edit(conn, "d", "D")
    publish(conn)
    back = publishing.roll_back(conn, objects, KEY, ADA, 1, "It hurt.", LATER, check=lambda d: [])
    assert back.number == 3
    assert held(conn) == {"a": "A", "b": "B", "c": "C"}
    assert documents_of(objects, release_of(conn, 3)) == documents_of(objects, release_of(conn, 1))
    assert reader.catch_up(conn).documents == store.state(conn, "catalog")
    gone = stored(conn, ("exercise", "d"))
    assert gone is not None
    assert (gone.state, gone.updated_by) == ("retired", ADA.id)
    made = publishing.releases(conn)[0].publication
    assert made is not None
    assert (made.rolls_back_to, made.notes, made.changed) == (1, "It hurt.", 3)
    told = trail(conn, action="document.rolled_back")
    assert {e.document: (e.before, e.after) for e in told} == {
        "a": ({"name": "worse"}, {"name": "A"}),
        "b": (None, {"name": "B"}),
        "d": ({"name": "D"}, None),
    }
    assert {e.reason for e in told} == {"Back to release 1: It hurt."}
    assert drafts.listed(conn) == []
    assert pending(conn) == []


def test_rolling_back_keeps_what_was_approved_and_not_yet_released_as_drafts(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, docs(a="A", b="B"))
    publish(conn)
    edit(conn, "a", "A2")
    publish(conn)
    edit(conn, "a", "A3")
    edit(conn, "n", "new")
    publishing.roll_back(conn, objects, KEY, ADA, 1, "Why.", LATER, check=lambda d: [])
    assert held(conn) == {"a": "A", "b": "B"}
    kept = {draft.document: draft for draft in drafts.listed(conn, origin="rollback:1")}
    assert {name: (draft.base, draft.data) for name, draft in kept.items()} == {
        "a": ({"name": "A"}, {"name": "A3"}),
        "n": (None, {"name": "new"}),
    }
    assert kept["a"].changes == [FieldChange("name", "A", "A3")]


def test_a_clip_that_waits_for_its_exercise_goes_on_waiting_through_a_roll_back(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    clip = {("motion", "b"): {"slug": "b"}}
    load_seed(conn, docs(a="A", b="B") | clip)
    edit(conn, "b", None)
    publish(conn)
    edit(conn, "a", "A2")
    publish(conn)
    publishing.roll_back(conn, objects, KEY, ADA, 1, "Why.", LATER, check=lambda d: [])
    found = stored(conn, ("motion", "b"))
    assert found is not None
    assert (found.state, found.version) == ("approved", 1)
    edit(conn, "b", "B")
    assert [each.key for each in pending(conn)] == [("exercise", "b"), ("motion", "b")]


def test_rolling_back_needs_a_reason_a_release_and_a_difference(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, docs(a="A"))
    publish(conn)

    def back(to: int, why: str = "Why.") -> Release:
        return publishing.roll_back(conn, objects, KEY, ADA, to, why, LATER, check=lambda d: [])

    with pytest.raises(Refused, match="reason is needed"):
        back(1, " ")
    with pytest.raises(Unknown, match="no release 7"):
        back(7)
    with pytest.raises(Refused, match="what devices have already"):
        back(1)
    conn.rollback()


def test_a_release_whose_documents_are_gone_or_damaged_is_not_gone_back_to(
    conn: Connection, objects: ObjectStore, publish: Publish, tmp_path: Path
) -> None:
    load_seed(conn, docs(a="A"))
    first = publish(conn)
    assert first is not None
    edit(conn, "a", "A2")
    publish(conn)
    file = tmp_path / "objects" / first.object_key
    file.chmod(0o644)
    file.write_bytes(b"{}")
    with pytest.raises(Unknown, match="damaged"):
        diff(conn, objects, 1, 2)
    file.unlink()
    with pytest.raises(Unknown, match="no longer stored"):
        publishing.roll_back(conn, objects, KEY, ADA, 1, "Why.", LATER, check=lambda d: [])
    assert held(conn) == {"a": "A2"}


def test_a_rolled_back_catalogue_is_checked_like_any_other(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, docs(a="A"))
    publish(conn)
    edit(conn, "a", "A2")
    publish(conn)
    conn.commit()
    wrong = [Problem("exercise/a", "is wrong by today's rules")]
    with pytest.raises(PublishRefused, match="today's rules"):
        publishing.roll_back(conn, objects, KEY, ADA, 1, "Why.", LATER, check=lambda d: wrong)
    conn.rollback()
    assert held(conn) == {"a": "A2"}
    assert pending(conn) == []


def test_the_servers_role_may_publish_plan_and_go_back(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    """The desk is not the tables' owner; row-level security lets it write the catalogue's stream."""
    load_seed(conn, docs(a="A"))
    conn.commit()
    conn.exec_driver_sql("SET ROLE limber_app")
    publish(conn)
    edit(conn, "a", "A2")
    publishing.schedule(conn, EDA, LATER, "News.", NOW)
    (done,) = publishing.publish_due(conn, objects, KEY, LATER, check=lambda d: [])
    assert done.release == 2
    back = publishing.roll_back(conn, objects, KEY, ADA, 1, "Why.", LATER, check=lambda d: [])
    assert (back.number, held(conn)) == (3, {"a": "A"})


def test_the_difference_of_two_releases_names_each_field(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, docs(a="A", b="B"))
    publish(conn)
    put(conn, PAT, ("exercise", "a"), {"name": "A2", "text": {"de": "x"}}, now=NOW)
    edit(conn, "b", None)
    edit(conn, "c", "C")
    publish(conn)
    forth, back = diff(conn, objects, 1, 2), diff(conn, objects, 2, 1)
    assert [(each.key[1], each.kind) for each in forth] == [
        ("a", "changed"),
        ("b", "removed"),
        ("c", "added"),
    ]
    assert [each.path for each in forth[0].fields] == ["name", "text"]
    assert [each.kind for each in back] == ["changed", "added", "removed"]
    assert diff(conn, objects, 2, 2) == []
    with pytest.raises(Unknown, match="no release 9"):
        diff(conn, objects, 1, 9)
