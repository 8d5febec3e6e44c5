"""Nothing comes into the catalogue without a second person, and nothing that can hurt without a physio."""

import copy
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from server.access import PERMISSIONS
from server.catalog import drafts, review
from server.catalog.comparing import pending
from server.catalog.content import read_seed
from server.catalog.documents import put, stored
from server.catalog.drafts import Actor, Conflict, Draft, NotAllowed, Refused, Stale, WrongState
from tests.catalog.conftest import ADA, EDA, NOW, OLE, PAT

SEED = read_seed()
KEY = ("exercise", "march-in-place")
NAME = {"name": "March on the spot"}
HARDER = {"difficulty": 3}


def handed_in(
    conn: Connection, fields: dict[str, Any] | None = None, key: tuple[str, str] = KEY, by: Actor = EDA
) -> Draft:
    """A change in review; `fields` None: to take the document back."""
    if fields is None:
        draft = drafts.take_back(conn, by, key, now=NOW)
    else:
        draft = drafts.start(conn, by, key, data=copy.deepcopy(SEED.get(key, {})) | fields, now=NOW)
    return drafts.submit(conn, by, draft.id, draft.version, now=NOW)


def test_a_reviewed_change_is_in_the_catalogue_and_waits_for_a_release(desk: Connection) -> None:
    draft = handed_in(desk, NAME)
    assert (draft.state, draft.submitted_at, draft.safety_fields) == ("in_review", NOW, [])
    done = drafts.approve(desk, OLE, draft.id, 1, note="Reads well.", now=NOW)
    assert (done.state, done.reviewer, done.reviewed_at, done.review_note) == (
        "approved", OLE.id, NOW, "Reads well.",
    )  # fmt: skip
    found = stored(desk, KEY)
    assert found is not None
    assert (found.data, found.version, found.state) == (SEED[KEY] | NAME, 2, "approved")
    assert found.updated_by == OLE.id
    assert drafts.open_for(desk, KEY) is None
    assert [each.key for each in drafts_pending(desk)] == [KEY]


def drafts_pending(conn: Connection) -> list[Any]:
    """Pending changes of what is there, as if the content files had been released."""
    return [each for each in pending(conn) if each.by]


@pytest.mark.parametrize("who", [EDA, dataclasses.replace(EDA, roles=EDA.roles | {"physio", "admin"})])
def test_nobody_approves_what_they_wrote_whatever_their_roles(desk: Connection, who: Actor) -> None:
    draft = handed_in(desk, NAME)
    with pytest.raises(NotAllowed, match="wrote in this change yourself"):
        drafts.approve(desk, who, draft.id, 1, now=NOW)


def test_who_helped_to_write_counts_as_an_author(desk: Connection) -> None:
    draft = drafts.start(desk, EDA, KEY, now=NOW)
    drafts.save(desk, OLE, draft.id, 1, SEED[KEY] | NAME, now=NOW)
    drafts.save(desk, EDA, draft.id, 2, SEED[KEY] | {"name": "March in place, tall"}, now=NOW)
    drafts.submit(desk, EDA, draft.id, 3, now=NOW)
    for actor in (EDA, OLE):
        with pytest.raises(NotAllowed, match="yourself"):
            drafts.approve(desk, actor, draft.id, 3, now=NOW)
    assert drafts.approve(desk, ADA, draft.id, 3, now=NOW).state == "approved"


@pytest.mark.parametrize("role", ["member", "support", "ml_engineer"])
def test_reviewing_needs_a_role_of_the_desk(desk: Connection, role: str) -> None:
    draft = handed_in(desk, NAME)
    stranger = Actor("x", "X", frozenset({"member", role}))
    with pytest.raises(NotAllowed, match="role editor, physio or admin"):
        drafts.approve(desk, stranger, draft.id, 1, now=NOW)
    with pytest.raises(NotAllowed, match="role editor, physio or admin"):
        drafts.send_back(desk, stranger, draft.id, "No.", now=NOW)


def test_the_roles_are_those_of_the_table_of_permissions() -> None:
    assert PERMISSIONS["catalog.review"].roles == review.REVIEWERS
    assert PERMISSIONS["catalog.review_safety"].roles == review.SAFETY_REVIEWERS


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (KEY, {"positions": ["standing", "seated_chair"]}),
        (KEY, {"met": SEED[KEY]["met"] + 0.5}),
        (KEY, HARDER),
        (KEY, {"equipment": ["wall"]}),
        (KEY, {"moves": SEED[KEY]["moves"][:1]}),
        (KEY, {"dose": SEED[KEY]["dose"] | {"work_s_per_side": 70}}),
        (("condition", "neck_pain"), {"label": "A neck that hurts"}),
        (("condition", "neck_pain"), {"limit": []}),
        (("vocabulary", "regions"), None),
    ],
)
def test_what_keeps_people_safe_needs_a_physio_and_an_admin_is_none(
    desk: Connection, key: tuple[str, str], fields: dict[str, Any] | None
) -> None:
    if fields is None:
        entries = copy.deepcopy(SEED[key]["entries"])
        entries[SEED[key]["order"][0]]["label"] += " area"
        fields = {"entries": entries}
    draft = handed_in(desk, fields, key)
    assert draft.safety_fields
    for actor in (OLE, ADA):
        with pytest.raises(NotAllowed, match="needs the role physio"):
            drafts.approve(desk, actor, draft.id, 1, now=NOW)
    assert drafts.approve(desk, PAT, draft.id, 1, now=NOW).state == "approved"


def test_a_new_hazard_is_approved_together_with_its_note_and_by_a_physio(desk: Connection) -> None:
    guide = copy.deepcopy(SEED["guide", KEY[1]])
    for language, note in (
        ("en", "Step softly, or stay with a slow walk."),
        ("de", "Tritt leise auf oder geh langsam."),
    ):
        guide["text"][language]["safety"]["impact"] = note
    hazards = SEED[KEY] | {"hazards": ["impact"]}
    exercise = drafts.start(desk, EDA, KEY, data=hazards, now=NOW)
    with pytest.raises(Refused, match=r"safety\.impact is missing"):
        drafts.submit(desk, EDA, exercise.id, 1, now=NOW)
    words = drafts.start(desk, EDA, ("guide", KEY[1]), data=guide, now=NOW)
    for draft in (words, exercise):
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    with pytest.raises(Refused, match=r"safety\.impact is missing"):
        drafts.approve(desk, PAT, exercise.id, 1, now=NOW)
    for actor in (OLE, ADA):
        with pytest.raises(NotAllowed, match="needs the role physio"):
            drafts.approve(desk, actor, exercise.id, 1, together={words.id: 1}, now=NOW)
    done = drafts.approve(desk, PAT, exercise.id, 1, together={words.id: 1}, now=NOW)
    assert (done.state, stored(desk, KEY).data["hazards"]) == ("approved", ["impact"])  # type: ignore[union-attr]


G = {"purpose": "P.", "safety": {}}


@pytest.mark.parametrize(
    ("collection", "record_id", "before", "after", "touched"),
    [
        ("exercise", "a", None, {"name": "A", "hazards": []}, ["name", "hazards"]),
        ("exercise", "a", {"name": "A", "hazards": ["x"]}, None, []),
        (
            "exercise",
            "a",
            {"dose": {"reps": 1}, "cue": "A"},
            {"dose": {"reps": 2}, "cue": "B"},
            ["dose.reps"],
        ),
        ("guide", "a", {"text": {"en": G}}, {"text": {"en": G | {"purpose": "Q."}}}, []),
        (
            "guide",
            "a",
            {"text": {"en": G}},
            {"text": {"en": G | {"safety": {"x": "N."}}}},
            ["text.en.safety.x"],
        ),
        ("guide", "a", None, {"text": {"en": G}}, []),
        ("guide", "a", None, {"text": {"en": G | {"safety": {"x": "N."}}}}, ["text"]),
        ("guide", "a", {"text": {"en": G | {"safety": {"x": "N."}}}}, None, ["text"]),
        ("about", "condition.x", {"a": 1}, {"a": 2}, ["a"]),
        ("about", "hazard.x", {"a": 1}, {"a": 2}, ["a"]),
        ("about", "activity.x", {"a": 1}, {"a": 2}, []),
        ("program", "x", {"a": 1}, {"a": 2}, []),
        ("motion", "x", {"a": 1}, {"a": 2}, []),
    ],
)
def test_which_fields_are_about_safety(
    collection: str, record_id: str, before: Any, after: Any, touched: list[str]
) -> None:
    assert review.safety_fields(collection, record_id, before, after) == touched


def test_a_change_is_sent_back_with_a_reason_and_handed_in_again(desk: Connection) -> None:
    draft = handed_in(desk, NAME)
    with pytest.raises(Refused, match="say what should be different"):
        drafts.send_back(desk, OLE, draft.id, "  ", now=NOW)
    back = drafts.send_back(desk, OLE, draft.id, "The cue does not fit any more.", now=NOW)
    assert (back.state, back.reviewer, back.review_note) == (
        "sent_back", OLE.id, "The cue does not fit any more.",
    )  # fmt: skip
    with pytest.raises(WrongState):
        drafts.approve(desk, OLE, draft.id, 1, now=NOW)
    again = drafts.submit(desk, EDA, draft.id, 1, note="It does now.", now=NOW)
    assert (again.state, again.reviewer, again.review_note, again.note) == (
        "in_review", None, None, "It does now.",
    )  # fmt: skip


def test_saving_takes_a_change_out_of_review_so_the_reviewer_approves_what_was_seen(desk: Connection) -> None:
    draft = handed_in(desk, NAME)
    drafts.save(desk, EDA, draft.id, 1, SEED[KEY] | {"name": "Something else"}, now=NOW)
    with pytest.raises(WrongState, match="in review"):
        drafts.approve(desk, OLE, draft.id, 1, now=NOW)
    drafts.submit(desk, EDA, draft.id, 2, now=NOW)
    with pytest.raises(Conflict) as told:
        drafts.approve(desk, OLE, draft.id, 1, now=NOW)
    assert told.value.current.version == 2
    assert drafts.approve(desk, OLE, draft.id, 2, now=NOW).data == SEED[KEY] | {"name": "Something else"}


def test_a_change_can_be_withdrawn_from_review(desk: Connection) -> None:
    draft = handed_in(desk, NAME)
    assert drafts.withdraw(desk, EDA, draft.id, now=NOW).state == "draft"
    with pytest.raises(WrongState):
        drafts.withdraw(desk, EDA, draft.id, now=NOW)


def test_what_changes_nothing_is_not_handed_in(desk: Connection) -> None:
    draft = drafts.start(desk, EDA, KEY, now=NOW)
    with pytest.raises(Refused, match="nothing to review"):
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)


def test_a_change_that_breaks_the_catalogue_is_refused_naming_the_fields(desk: Connection) -> None:
    other = SEED["exercise", "butt-kicks"]
    draft = drafts.start(
        desk, EDA, KEY, data=SEED[KEY] | {"name": other["name"], "equipment": ["trebuchet"]}, now=NOW
    )
    with pytest.raises(Refused) as refused:
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    assert {(p.where, p.message) for p in refused.value.problems} >= {
        ("exercise/march-in-place.equipment", "has the unknown code trebuchet")
    }
    assert any("is the same as that of" in p.message for p in refused.value.problems)


def test_a_document_that_others_need_is_not_taken_back(desk: Connection) -> None:
    hazards = SEED["vocabulary", "hazards"]
    left = {code: entry for code, entry in hazards["entries"].items() if code != "kneeling"}
    draft = drafts.start(
        desk, EDA, ("vocabulary", "hazards"), data={"order": list(left), "entries": left}, now=NOW
    )
    with pytest.raises(Refused) as refused:
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    assert "has the unknown code kneeling" in {p.message for p in refused.value.problems}
    assert {p.where.split("/")[0] for p in refused.value.problems} >= {"exercise", "condition"}


def test_taking_an_exercise_back_needs_no_physio_and_takes_its_clip_along(desk: Connection) -> None:
    key = next(
        ("exercise", slug) for (collection, slug) in SEED
        if collection == "exercise" and not linked(slug)
    )  # fmt: skip
    draft = handed_in(desk, None, key)
    assert (draft.data, draft.safety_fields) == (None, [])
    drafts.approve(desk, OLE, draft.id, 1, now=NOW)
    found = stored(desk, key)
    assert found is not None
    assert (found.state, found.data) == ("retired", SEED[key])
    again = drafts.start(desk, EDA, key, now=NOW)
    assert (again.base, again.data) == (None, SEED[key])
    assert "hazards" in again.safety_fields


def linked(slug: str) -> bool:
    return any(
        slug in (data.get("easier"), data.get("harder"))
        for (collection, _), data in SEED.items() if collection == "guide"
    )  # fmt: skip


def new_exercise() -> tuple[dict[str, Any], dict[str, Any]]:
    exercise = copy.deepcopy(SEED[KEY]) | {
        "slug": "march-with-claps", "name": "March with claps",
        "cue": "March on the spot and clap your hands above each knee as it comes up.",
    }  # fmt: skip
    clip = copy.deepcopy(SEED["motion", "march-in-place"]) | {"slug": "march-with-claps"}
    return exercise, clip


def test_an_exercise_and_what_belongs_to_it_are_approved_in_one_step_or_not_at_all(desk: Connection) -> None:
    exercise, clip = new_exercise()
    one = drafts.start(desk, EDA, ("exercise", "march-with-claps"), data=exercise, now=NOW)
    two = drafts.start(desk, EDA, ("motion", "march-with-claps"), data=clip, now=NOW)
    assert drafts.problems(desk, two) == []
    for draft in (one, two):
        drafts.submit(desk, EDA, draft.id, 1, now=NOW)
    with pytest.raises(Refused, match="is no exercise's"):
        drafts.approve(desk, PAT, two.id, 1, now=NOW)
    with pytest.raises(NotAllowed, match="physio"):
        drafts.approve(desk, OLE, two.id, 1, together={one.id: 1}, now=NOW)
    drafts.approve(desk, PAT, two.id, 1, together={one.id: 1}, now=NOW)
    assert drafts.read(desk, one.id).state == drafts.read(desk, two.id).state == "approved"


def test_a_draft_whose_document_moved_on_is_not_approved_over_it(desk: Connection) -> None:
    draft = handed_in(desk, NAME)
    put(desk, PAT, KEY, SEED[KEY] | {"difficulty": 2}, now=NOW)
    with pytest.raises(Stale) as stale:
        drafts.approve(desk, OLE, draft.id, 1, now=NOW)
    assert stale.value.merged is not None
    assert stale.value.merged.data == SEED[KEY] | {"difficulty": 2} | NAME
    fresh = drafts.rebase(desk, EDA, draft.id, 1, now=NOW)
    drafts.submit(desk, EDA, fresh.id, fresh.version, now=NOW)
    assert drafts.approve(desk, OLE, fresh.id, fresh.version, now=NOW).safety_fields == []


def test_two_changes_that_are_right_alone_and_wrong_together_are_not_both_approved(
    desk_engine: Engine,
) -> None:
    """Two exercises are about to get one name; whoever is second is told."""
    with desk_engine.begin() as conn:
        one = handed_in(conn, {"name": "Twin"})
        drafts.withdraw(conn, EDA, one.id, now=NOW)
        two = handed_in(conn, {"name": "twin"}, ("exercise", "butt-kicks"))
        drafts.submit(conn, EDA, one.id, 1, now=NOW)

    def approve(draft: Draft) -> bool:
        try:
            with desk_engine.begin() as conn:
                drafts.approve(conn, OLE, draft.id, 1, now=NOW)
        except Refused as refused:
            return "is the same as that of" not in str(refused)
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, [one, two])) == [False, True]


def test_two_reviewers_at_once_approve_once(desk_engine: Engine) -> None:
    with desk_engine.begin() as conn:
        draft = handed_in(conn, NAME)

    def approve(actor: Actor) -> bool:
        try:
            with desk_engine.begin() as conn:
                drafts.approve(conn, actor, draft.id, 1, now=NOW)
        except WrongState:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, [OLE, ADA])) == [False, True]
    with desk_engine.connect() as conn:
        found = stored(conn, KEY)
    assert found is not None
    assert found.version == 2
