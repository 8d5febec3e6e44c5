"""Who did what to the catalogue, when and why, is kept: by every step, for good, without names."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from server.accounts.tables import account
from server.catalog import drafts
from server.catalog.content import read_seed
from server.catalog.history import SYSTEM, Actor, names, record, trail
from server.catalog.publish import load_seed
from server.catalog.tables import catalog_event
from tests.catalog.conftest import EDA, NOW, OLE, PAT

SEED = read_seed()
KEY = ("exercise", "march-in-place")


def test_every_step_from_draft_to_catalogue_is_written_down(desk: Connection) -> None:
    draft = drafts.start(desk, EDA, KEY, note="Plainer.", now=NOW)
    drafts.save(desk, EDA, draft.id, 1, SEED[KEY] | {"name": "March on the spot"}, now=NOW)
    drafts.submit(desk, EDA, draft.id, 2, now=NOW)
    drafts.withdraw(desk, EDA, draft.id, now=NOW)
    drafts.submit(desk, EDA, draft.id, 2, now=NOW)
    drafts.send_back(desk, OLE, draft.id, "A capital, please.", now=NOW)
    drafts.submit(desk, EDA, draft.id, 2, now=NOW)
    drafts.approve(desk, PAT, draft.id, 2, note="Good.", now=NOW)
    told = trail(desk, draft=draft.id)[::-1]
    assert [(e.action, e.actor) for e in told] == [
        ("draft.started", EDA.id),
        ("draft.saved", EDA.id),
        ("draft.submitted", EDA.id),
        ("draft.withdrawn", EDA.id),
        ("draft.submitted", EDA.id),
        ("draft.sent_back", OLE.id),
        ("draft.submitted", EDA.id),
        ("document.approved", PAT.id),
    ]
    saved, approved = told[1], told[-1]
    assert (saved.before, saved.after) == ({"name": "March in place"}, {"name": "March on the spot"})
    assert (approved.before, approved.after, approved.reason) == (saved.before, saved.after, "Good.")
    assert approved.roles == ("member", "physio")
    assert told[0].reason == "Plainer."
    assert told[5].reason == "A capital, please."
    assert {(e.collection, e.document, e.at) for e in told} == {(*KEY, NOW)}


def test_a_change_that_was_dropped_says_why(desk: Connection) -> None:
    draft = drafts.start(desk, EDA, KEY, now=NOW)
    drafts.discard(desk, EDA, draft.id, reason="Not now.", now=NOW)
    (told,) = trail(desk, action="draft.discarded")
    assert (told.before, told.after, told.reason) == ({"state": "draft"}, {"state": "discarded"}, "Not now.")


@pytest.mark.parametrize(
    "attempt",
    [
        update(catalog_event).values(actor="nobody"),
        delete(catalog_event),
        text("TRUNCATE catalog_event"),
        text("UPDATE catalog_event SET actor = 'erased', reason = 'none'"),
    ],
)
def test_no_entry_is_ever_changed_or_removed(conn: Connection, attempt: object) -> None:
    """Not even by the owner of the tables."""
    record(conn, EDA, "draft.started", NOW, key=KEY)
    conn.commit()
    with pytest.raises(ProgrammingError, match="only ever added"):
        conn.execute(attempt)  # type: ignore[call-overload]
    conn.rollback()
    assert len(trail(conn)) == 1


def test_the_servers_role_writes_the_history_and_cannot_touch_it(conn: Connection) -> None:
    conn.execute(text("SET ROLE limber_app"))
    record(conn, EDA, "draft.started", NOW, key=KEY)
    conn.commit()
    conn.execute(text("SET ROLE limber_app"))
    assert len(trail(conn)) == 1
    for attempt in ("UPDATE catalog_event SET action = 'x'", "DELETE FROM catalog_event"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            conn.execute(text(attempt))
        conn.rollback()
        conn.execute(text("SET ROLE limber_app"))


def test_the_servers_role_may_do_all_that_the_desk_does(desk: Connection) -> None:
    desk.execute(text("SET ROLE limber_app"))
    draft = drafts.start(desk, EDA, KEY, data=SEED[KEY] | {"name": "March on the spot"}, now=NOW)
    drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    assert drafts.approve(desk, OLE, draft.id, 1, now=NOW).state == "approved"


def test_the_trail_is_found_by_who_what_when_and_page(conn: Connection) -> None:
    draft = uuid.uuid4()
    for number in range(12):
        record(
            conn, EDA if number % 2 else OLE, "draft.saved" if number % 3 else "draft.started",
            NOW + timedelta(hours=number), key=("exercise" if number < 6 else "guide", f"e{number}"),
            draft=draft if number == 4 else None, release=number or None,
        )  # fmt: skip
    assert [e.document for e in trail(conn, limit=3)] == ["e11", "e10", "e9"]
    pages, before = [], None
    while page := trail(conn, limit=5, before=before):
        pages += [e.document for e in page]
        before = page[-1].id
    assert pages == [f"e{n}" for n in range(11, -1, -1)]
    assert {e.document for e in trail(conn, actor=OLE.id)} == {f"e{n}" for n in range(0, 12, 2)}
    assert len(trail(conn, action="draft.started")) == 4
    assert [e.document for e in trail(conn, collection="exercise", document="e3")] == ["e3"]
    assert [e.document for e in trail(conn, draft=draft)] == ["e4"]
    assert [e.document for e in trail(conn, release=7)] == ["e7"]
    found = trail(conn, since=NOW + timedelta(hours=2), until=NOW + timedelta(hours=4))
    assert [e.document for e in found] == ["e3", "e2"]
    assert len(trail(conn, limit=10_000)) == 12


def test_entries_hold_ids_and_names_are_looked_up(conn: Connection) -> None:
    """So the name of an account that was erased is gone from the history, too."""
    known, nameless, gone = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    for each, name in ((known, "Eda Öz"), (nameless, "")):
        conn.execute(insert(account).values(id=each, name=name, created_at=NOW))
    record(conn, Actor(str(known), "Eda Öz", frozenset({"editor"})), "draft.started", NOW, key=KEY)
    assert "Eda" not in str(conn.execute(select(catalog_event)).one())
    assert names(conn, [str(known), str(nameless), str(gone), SYSTEM.id, "mia"]) == {
        str(known): "Eda Öz",
        str(nameless): str(nameless)[:8],
        str(gone): str(gone)[:8],
        "system": "Limber",
        "mia": "mia",
    }
    assert names(conn, []) == {}


def test_new_content_files_are_written_down_and_old_ones_not_again(conn: Connection) -> None:
    documents = {("exercise", name): {"name": name} for name in "ab"}
    load_seed(conn, documents)
    load_seed(conn, documents)
    (told,) = trail(conn)
    assert (told.actor, told.action) == (SYSTEM.id, "content.loaded")
    assert told.after == {
        "inserted": 2, "updated": 0, "removed": 0, "documents": ["exercise/a", "exercise/b"],
    }  # fmt: skip
    load_seed(conn, {("exercise", "a"): {"name": "A"}})
    assert trail(conn)[0].after == {
        "inserted": 0, "updated": 1, "removed": 1, "documents": ["exercise/a", "exercise/b"],
    }  # fmt: skip


def test_an_entry_needs_a_time_with_its_zone(conn: Connection) -> None:
    with pytest.raises(ValueError, match="zone"):
        record(conn, EDA, "draft.started", datetime(2026, 1, 1), key=KEY)
    record(conn, EDA, "draft.started", datetime(2026, 1, 1, tzinfo=UTC), key=KEY)
