"""A change is written as a draft: nothing is lost, nothing overwritten, and what is wrong is said by field."""

import copy
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, text

from server.catalog import checking, drafts
from server.catalog.content import read_seed, validate
from server.catalog.documents import put, stored
from server.catalog.drafts import (
    AlreadyOpen,
    Conflict,
    Draft,
    Refused,
    Stale,
    Unknown,
    WrongState,
)
from server.catalog.merging import MISSING, Clash, FieldChange, changes, three_way
from server.catalog.tables import catalog_draft_version
from tests.catalog.conftest import ADA, EDA, NOW, OLE, PAT

SEED = read_seed()
KEY = ("exercise", "march-in-place")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


def changed(data: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(data or {}), **fields}


def begun(conn: Connection, key: tuple[str, str] = KEY, **fields: Any) -> Draft:
    """A draft of Eda's with some fields changed."""
    return drafts.start(conn, EDA, key, data=changed(SEED[key], **fields), now=NOW)


def places(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.where for problem in refused.value.problems]


def test_a_change_begins_with_the_document_as_it_is_and_the_document_stays(desk: Connection) -> None:
    draft = drafts.start(desk, EDA, KEY, now=NOW)
    assert (draft.key, draft.state, draft.version, draft.base_version) == (KEY, "draft", 1, 1)
    assert draft.data == draft.base == SEED[KEY]
    assert (draft.author, draft.contributors, draft.origin) == (EDA.id, (EDA.id,), "desk")
    saved = drafts.save(desk, EDA, draft.id, 1, changed(draft.data, cue="New."), now=NOW)
    assert (saved.version, saved.changes) == (2, [FieldChange("cue", SEED[KEY]["cue"], "New.")])
    assert drafts.read(desk, draft.id) == saved == drafts.open_for(desk, KEY)
    found = stored(desk, KEY)
    assert found is not None
    assert (found.data, found.version) == (SEED[KEY], 1)


def test_a_document_has_one_open_change_and_the_second_editor_is_led_to_it(desk: Connection) -> None:
    draft = begun(desk)
    with pytest.raises(AlreadyOpen) as told:
        drafts.start(desk, OLE, KEY, now=NOW)
    assert told.value.draft == draft
    drafts.discard(desk, EDA, draft.id, now=NOW)
    assert drafts.start(desk, OLE, KEY, now=NOW).id != draft.id


def test_of_two_who_begin_at_the_same_moment_one_is_led_to_the_other(desk_engine: Engine) -> None:
    def attempt(actor: drafts.Actor) -> uuid.UUID | None:
        with desk_engine.begin() as conn:
            try:
                return drafts.start(conn, actor, KEY, now=NOW).id
            except AlreadyOpen as told:
                return told.draft.id

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, [EDA, OLE, PAT, ADA] * 2))
    assert len(set(found)) == 1


def test_a_second_editor_is_told_and_nothing_is_overwritten(desk: Connection) -> None:
    draft = begun(desk)
    hers = changed(draft.data, cue="Hers.", difficulty=2)
    first = drafts.save(desk, EDA, draft.id, 1, hers, now=NOW)
    his = changed(draft.data, name="His", difficulty=3)
    with pytest.raises(Conflict) as told:
        drafts.save(desk, OLE, draft.id, 1, his, now=NOW)
    conflict = told.value
    assert drafts.read(desk, draft.id) == first == conflict.current
    assert {each.path: each.after for each in conflict.theirs} == {"cue": "Hers.", "difficulty": 2}
    assert conflict.merged is not None
    assert conflict.merged.clashes == (Clash("difficulty", SEED[KEY]["difficulty"], 3, 2),)
    assert conflict.merged.data == changed(draft.data, name="His", cue="Hers.", difficulty=3)
    settled = drafts.save(
        desk, OLE, draft.id, conflict.current.version, conflict.merged.data | {"difficulty": 2}, now=NOW
    )
    assert (settled.version, settled.contributors) == (3, (EDA.id, OLE.id))
    assert settled.data == changed(draft.data, name="His", cue="Hers.", difficulty=2)


def test_what_different_people_changed_in_different_fields_is_offered_as_one(desk: Connection) -> None:
    guide = {"slug": "x", "text": {"en": {"feel": "A", "steps": ["1", "2"]}, "de": {"feel": "B"}}}
    merged = three_way(
        guide,
        {"slug": "x", "text": {"en": {"feel": "A2", "steps": ["1", "2"]}, "de": {"feel": "B"}}},
        {
            "slug": "x",
            "text": {"en": {"feel": "A", "steps": ["1", "2"]}, "de": {"feel": "B2"}},
            "easier": None,
        },
    )
    assert merged.clashes == ()
    assert merged.data["text"] == {"en": {"feel": "A2", "steps": ["1", "2"]}, "de": {"feel": "B2"}}
    assert "easier" in merged.data
    assert desk is not None


def test_of_many_who_save_at_once_each_is_kept_or_told(desk_engine: Engine) -> None:
    with desk_engine.begin() as conn:
        draft = begun(conn)

    def attempt(number: int) -> bool:
        with desk_engine.begin() as conn:
            seen = drafts.read(conn, draft.id)
        try:
            with desk_engine.begin() as conn:
                data = changed(seen.data, **{f"note_{number}": number})
                drafts.save(conn, OLE, draft.id, seen.version, data, now=NOW)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        kept = [number for number, done in enumerate(pool.map(attempt, range(24))) if done]
    with desk_engine.connect() as conn:
        last = drafts.read(conn, draft.id)
    assert last.version == 1 + len(kept)
    assert {name for name in last.data or {} if name.startswith("note_")} == {f"note_{n}" for n in kept}


@given(OBJECTS, OBJECTS, OBJECTS)
def test_merging_keeps_each_change_and_names_what_clashes(base: Any, mine: Any, theirs: Any) -> None:
    merged = three_way(base, mine, theirs)
    assert three_way(base, mine, base).data == mine
    assert three_way(base, base, theirs).data == theirs
    assert three_way(base, mine, mine).clashes == ()
    if not merged.clashes:
        assert three_way(base, theirs, mine).data == merged.data
    settled = three_way(base, mine, theirs, {clash.path: "theirs" for clash in merged.clashes})
    assert settled.clashes == ()
    assert not changes(
        merged.data, three_way(base, mine, theirs, {c.path: "mine" for c in merged.clashes}).data
    )


@given(OBJECTS, OBJECTS)
def test_the_changes_between_two_documents_lead_from_one_to_the_other(before: Any, after: Any) -> None:
    data = copy.deepcopy(before)
    for each in changes(before, after):
        *parents, last = each.path.split(".")
        target = data
        for name in parents:
            target = target[name]
        if each.after is MISSING:
            del target[last]
        else:
            target[last] = copy.deepcopy(each.after)
    assert data == after
    assert (changes(before, after) == []) == (changes(after, before) == [])


def test_true_is_another_value_than_one() -> None:
    assert changes({"a": 1, "b": [1], "c": 1.0}, {"a": True, "b": [True], "c": 1}) == [
        FieldChange("a", 1, True),
        FieldChange("b", [1], [True]),
    ]


def test_a_draft_may_be_incomplete_and_says_what_is_missing(desk: Connection) -> None:
    draft = drafts.start(desk, EDA, ("exercise", "new-one"), data={"name": "New one"}, now=NOW)
    assert (draft.base, draft.base_version) == (None, 0)
    found = drafts.problems(desk, draft)
    assert {p.where for p in found} >= {"exercise/new-one.slug", "exercise/new-one.dose"}
    with pytest.raises(Refused) as refused:
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    assert refused.value.problems == found
    assert drafts.read(desk, draft.id).state == "draft"


def test_data_is_checked_as_it_is_typed_without_being_saved(desk: Connection) -> None:
    draft = begun(desk)
    assert drafts.problems(desk, draft) == []
    typed = replace(draft, data=changed(draft.data, cue="no capital and a fix your back claim", met=99))
    assert {p.where for p in drafts.problems(desk, typed)} == {"exercise/march-in-place.met"}
    typed = replace(draft, data=changed(draft.data, hazards=["magic"]))
    assert "has the unknown code magic" in {p.message for p in drafts.problems(desk, typed)}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "a\x00b"}, "name holds a NUL character"),
        ({"name": "\ud800"}, "name holds a lone surrogate"),
        ({"met": float("nan")}, "met is not a number that JSON keeps exactly"),
        ({"a": "x" * 300_000}, "is larger than 256 KiB"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_field(desk: Connection, data: Any, said: str) -> None:
    draft = begun(desk)
    with pytest.raises(Refused) as saving:
        drafts.save(desk, EDA, draft.id, 1, data, now=NOW)
    with pytest.raises(Refused) as starting:
        drafts.start(desk, EDA, ("exercise", "other"), data=data, now=NOW)
    assert saving.value.problems[0].message == starting.value.problems[0].message == said
    assert drafts.read(desk, draft.id) == draft


@pytest.mark.parametrize(
    "key", [("exercise", "a b"), ("exercise", ""), ("soup", "x"), ("exercise", "x" * 201)]
)
def test_a_document_needs_a_name_that_devices_can_hold(desk: Connection, key: tuple[str, str]) -> None:
    with pytest.raises(Refused):
        drafts.start(desk, EDA, key, data={}, now=NOW)


def test_what_is_not_there_is_said_to_be_so(desk: Connection) -> None:
    with pytest.raises(Unknown):
        drafts.start(desk, EDA, ("exercise", "nothing"), now=NOW)
    with pytest.raises(Unknown):
        drafts.take_back(desk, EDA, ("exercise", "nothing"), now=NOW)
    with pytest.raises(Unknown):
        drafts.read(desk, uuid.uuid4())
    with pytest.raises(Unknown):
        drafts.save(desk, EDA, uuid.uuid4(), 1, {}, now=NOW)


def test_a_closed_change_is_closed(desk: Connection) -> None:
    draft = begun(desk)
    drafts.discard(desk, EDA, draft.id, reason="Not needed.", now=NOW)
    steps: list[Callable[[], Draft]] = [
        lambda: drafts.save(desk, EDA, draft.id, 1, {}, now=NOW),
        lambda: drafts.submit(desk, EDA, draft.id, 1, now=NOW),
        lambda: drafts.withdraw(desk, EDA, draft.id, now=NOW),
        lambda: drafts.discard(desk, EDA, draft.id, now=NOW),
        lambda: drafts.rebase(desk, EDA, draft.id, 1, now=NOW),
        lambda: drafts.approve(desk, PAT, draft.id, 1, now=NOW),
    ]
    for step in steps:
        with pytest.raises(WrongState):
            step()
    assert drafts.read(desk, draft.id).data == draft.data


def test_superseded_versions_are_kept_only_while_the_change_is_open(desk: Connection) -> None:
    draft = begun(desk)
    drafts.save(desk, EDA, draft.id, 1, changed(draft.data, cue="Two."), now=NOW)
    kept = select(catalog_draft_version.c.version).where(catalog_draft_version.c.draft == draft.id)
    assert desk.scalars(kept).all() == [1]
    drafts.discard(desk, EDA, draft.id, now=NOW)
    assert desk.scalars(kept).all() == []


def test_a_draft_whose_document_moved_on_is_brought_up_to_date_field_by_field(desk: Connection) -> None:
    draft = begun(desk, cue="Mine.", difficulty=2)
    put(desk, PAT, KEY, changed(SEED[KEY], name="Theirs", difficulty=3), now=NOW)
    with pytest.raises(Stale) as stale:
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    assert stale.value.merged is not None
    assert [clash.path for clash in stale.value.merged.clashes] == ["difficulty"]
    with pytest.raises(Stale):
        drafts.rebase(desk, EDA, draft.id, 1, now=NOW)
    done = drafts.rebase(desk, EDA, draft.id, 1, choices={"difficulty": "theirs"}, now=NOW)
    assert (done.base_version, done.version) == (2, 2)
    assert done.changes == [FieldChange("cue", SEED[KEY]["cue"], "Mine.")]
    assert drafts.rebase(desk, EDA, draft.id, 2, now=NOW) == done


def test_a_draft_of_a_document_that_was_taken_back_is_a_new_one_again(desk: Connection) -> None:
    draft = begun(desk, cue="Mine.")
    put(desk, PAT, KEY, None, now=NOW)
    with pytest.raises(Stale) as stale:
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    assert stale.value.document is None
    done = drafts.rebase(desk, EDA, draft.id, 1, now=NOW)
    assert (done.base, done.data) == (None, draft.data)
    assert "hazards" in done.safety_fields


def test_a_change_by_any_door_is_noticed(desk: Connection) -> None:
    """The version is counted by the database, so also for a statement that knows nothing of drafts."""
    draft = begun(desk, cue="Mine.")
    desk.execute(
        text("UPDATE catalog_document SET data = data || '{\"met\": 2.7}' WHERE id = 'march-in-place'")
    )
    with pytest.raises(Stale):
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    desk.execute(text("UPDATE catalog_document SET updated_at = now()"))
    found = stored(desk, ("activity", next(k[1] for k in SEED if k[0] == "activity")))
    assert found is not None
    assert found.version == 1


def test_drafts_are_found_by_state_collection_origin_words_and_page(desk: Connection) -> None:
    slugs = [key[1] for key in SEED if key[0] == "exercise"][:7]
    for number, slug in enumerate(slugs):
        drafts.start(
            desk, EDA if number % 2 else OLE, ("exercise", slug), now=NOW.replace(hour=6 + number),
            origin="import:b1" if number < 3 else "desk",
        )  # fmt: skip
    pages, after = [], None
    while page := drafts.listed(desk, limit=3, after=after):
        pages += [draft.document for draft in page]
        after = (page[-1].updated_at, page[-1].id)
    assert pages == slugs[::-1]
    assert [d.document for d in drafts.listed(desk, origin="import:")] == slugs[2::-1]
    assert [d.document for d in drafts.listed(desk, author=EDA.id)] == slugs[5::-2]
    assert [d.document for d in drafts.listed(desk, not_by=EDA.id)] == slugs[6::-2]
    name = SEED["exercise", slugs[4]]["name"]
    assert slugs[4] in [d.document for d in drafts.listed(desk, words=name.upper())]
    assert drafts.listed(desk, words="100%_") == []
    assert drafts.listed(desk, collection="condition") == []
    assert drafts.counts(desk) == {"draft": 7, "in_review": 0, "sent_back": 0}


def test_the_short_check_finds_what_the_whole_check_finds(desk: Connection) -> None:
    """Every exercise in turn, changed in a way that breaks it, a neighbour or nothing."""
    slugs = [key[1] for key in SEED if key[0] == "exercise"]
    for number, slug in enumerate(slugs[:: max(1, len(slugs) // 12)]):
        key, other = ("exercise", slug), SEED["exercise", slugs[(number * 7 + 1) % len(slugs)]]
        data: dict[str, Any] | None = [
            changed(SEED[key], name=other["name"].upper()),
            changed(SEED[key], cue=other["cue"], met=7),
            changed(SEED[key], hazards=[], activities=["nowhere"]),
            None,
            changed(SEED[key], positions=[]),
            changed(SEED[key], difficulty=4),
        ][number % 6]
        whole = validate(checking.with_changes(desk, {key: data}))
        assert set(checking.problems(desk, {key: data})) == set(whole), (slug, number % 6)
