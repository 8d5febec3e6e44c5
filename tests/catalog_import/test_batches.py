"""An import as a whole: drafts that people complete, nothing twice, nothing released, everybody named."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from server.catalog import abouts, drafts, history
from server.catalog.history import Actor
from server.catalog.importing import batches, crediting, records
from server.catalog.importing.batches import Report
from server.catalog.importing.facts import Licence
from server.catalog.importing.reading import ImportInvalid
from server.catalog.importing.tables import import_batch, import_record
from server.catalog.refusals import Refused, Unknown
from server.catalog.tables import catalog_document, catalog_draft
from tests.catalog_import.conftest import ANA, NOW, SETS, by_id, count, files_of

Bring = Callable[..., Report]
BEN = Actor("0b000000-0000-4000-8000-000000000002", "Ben", frozenset({"physio"}))


@pytest.mark.parametrize("form", SETS)
def test_every_record_has_one_outcome_and_says_why(bring: Bring, form: str) -> None:
    report = bring(form)
    assert report.counts["records"] == sum(report.counts["outcomes"].values()) == len(report.results)
    assert all(each.why and each.outcome in batches.OUTCOMES for each in report.results)


@pytest.mark.parametrize("form", SETS)
def test_the_same_files_twice_add_nothing(bring: Bring, filled: Connection, form: str) -> None:
    bring(form)
    before = {
        table: count(filled, table)
        for table in ("catalog_draft", "import_record", "import_batch", "catalog_event")
    }
    again = bring(form)
    assert set(again.counts["outcomes"]) == {"known"}
    assert again.batch is None
    assert before == {table: count(filled, table) for table in before}


@pytest.mark.parametrize("form", SETS)
def test_a_dry_run_says_the_same_and_writes_nothing(bring: Bring, filled: Connection, form: str) -> None:
    seen = bring(form, dry=True)
    assert [count(filled, table) for table in ("catalog_draft", "import_record", "import_batch")] == [0, 0, 0]
    done = bring(form)
    assert [(each.source_id, each.outcome, each.document) for each in seen.results] == [
        (each.source_id, each.outcome, each.document) for each in done.results
    ]


def test_nothing_imported_is_in_the_catalogue_before_another_person_approved_it(
    bring: Bring, filled: Connection
) -> None:
    approved = count(filled, "catalog_document")
    report = bring("longhaul")
    assert count(filled, "catalog_document") == approved
    draft = by_id(report)["one-leg-prone-river-stretch-band"].draft
    assert draft is not None
    held = drafts.read(filled, draft)
    assert held.state == "draft"
    assert held.origin == f"import:{report.batch}"
    with pytest.raises(Refused) as refused:
        drafts.submit(filled, ANA, draft, held.version, now=NOW)
    lacking = {
        problem.where.split(".", 1)[1]
        for problem in refused.value.problems
        if "is missing" in problem.message
    }
    assert {"cue", "hazards"} <= lacking


def test_a_completed_draft_goes_the_way_of_any_other_and_needs_a_physio(
    bring: Bring, filled: Connection
) -> None:
    done = by_id(bring("free-exercise-db"))["Moon_Calf"]
    assert done.draft is not None
    draft = drafts.read(filled, done.draft)
    cue = "Lean towards the wall to a gentle pull in the calf, never into pain."
    data = {**(draft.data or {}), "cue": cue, "hazards": ["calf_end"], "positions": ["standing"]}
    draft = drafts.save(filled, ANA, draft.id, draft.version, data, now=NOW)
    assert drafts.problems(filled, draft) == []
    draft = drafts.submit(filled, ANA, draft.id, draft.version, now=NOW)
    with pytest.raises(drafts.NotAllowed):
        drafts.approve(filled, ANA, draft.id, draft.version, now=NOW)
    drafts.approve(filled, BEN, draft.id, draft.version, now=NOW)
    c = catalog_document.c
    kept = filled.execute(
        select(c.data).where(c.collection == "exercise", c.id == done.document)
    ).scalar_one()
    assert kept["cue"] == cue


def test_hazards_and_cues_are_never_filled_in_by_the_import(bring: Bring, filled: Connection) -> None:
    for form in ("free-exercise-db", "longhaul", "wger", "warmup-generator"):
        bring(form)
    d = catalog_draft.c
    held = list(filled.scalars(select(d.data).where(d.collection == "exercise")))
    assert len(held) > 10
    assert not [data for data in held if "hazards" in data or "cue" in data]


def test_left_and_right_are_one_exercise_for_one_side_at_a_time(bring: Bring, filled: Connection) -> None:
    found = by_id(bring("wger"))
    left, right = (found[f"00000000-0000-4000-8000-{number:012d}"] for number in (1, 2))
    assert (left.outcome, right.outcome) == ("draft", "joined")
    assert left.source_id in right.why
    assert left.record is not None
    assert left.record.get("name") == "Harbour neck stretch"
    assert left.record.get("laterality") == "unilateral"
    assert left.record.get("dose")["sides"] == 2


def test_text_of_a_share_alike_set_stays_with_the_import(bring: Bring, filled: Connection) -> None:
    found = by_id(bring("wger"))
    own, free = (found[f"00000000-0000-4000-8000-{number:012d}"] for number in (1, 4))
    d, r = catalog_draft.c, import_record.c
    guides = dict(filled.execute(select(d.document, d.data).where(d.collection == "guide")).all())  # type: ignore[arg-type]
    assert own.document not in guides
    row = filled.execute(select(import_record).where(r.source_id == own.source_id)).one()
    assert row.share_alike
    assert row.licence["code"] == "CC-BY-SA-4.0"
    assert "Ada" in row.licence["by"]
    assert row.steps == ["Sit up tall.", "Tilt your head & breathe.", "Hold gently."]
    note = filled.execute(select(d.note).where(d.id == own.draft)).scalar_one()
    assert "must not go into our own text" in note
    # What is in the public domain names nobody, and may begin a guide if it has enough sentences.
    assert not filled.execute(select(r.share_alike).where(r.source_id == free.source_id)).scalar_one()


def test_a_licence_that_wants_credit_brings_a_source_for_people_to_see(
    bring: Bring, filled: Connection
) -> None:
    done = by_id(bring("warmup-generator"))["c"]
    d = catalog_draft.c
    source = filled.execute(
        select(d.data).where(d.collection == "about", d.document == f"source.{done.document}")
    ).scalar_one()
    assert source["kind"] == "source"
    assert source["code"] == done.document
    assert "Atelier du Phare" in source["citations"][0]
    assert "creativecommons.org/licenses/by/4.0" in source["citations"][0]
    assert "CC BY 4.0" in source["text"]["en"]["about"]
    assert source["text"].keys() == {"en", "de"}


def test_a_set_without_that_wish_brings_no_source(bring: Bring, filled: Connection) -> None:
    bring("free-exercise-db")
    d = catalog_draft.c
    assert set(filled.scalars(select(d.collection))) == {"exercise"}


def test_sentences_of_an_open_licence_begin_the_guide(bring: Bring, filled: Connection) -> None:
    done = by_id(bring("longhaul"))["one-leg-prone-river-stretch-band"]
    d = catalog_draft.c
    guide = filled.execute(
        select(d.data).where(d.collection == "guide", d.document == done.document)
    ).scalar_one()
    assert guide["text"]["en"]["steps"][0] == "Lie face down with a band round one ankle."


def test_a_changed_exercise_keeps_its_guide(bring: Bring, filled: Connection) -> None:
    body = b"slug,difficulty,steps\ncat-cow,3,Kneel down.|Round your back.\n"
    assert by_id(bring("csv", {"t.csv": body}))["cat-cow"].outcome == "change"
    assert list(filled.scalars(select(catalog_draft.c.collection))) == ["exercise"]


def test_the_source_of_an_exercise_is_fit_to_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abouts, "KINDS", {**abouts.KINDS, "source": "sources"})
    for code in ("CC-BY-4.0", "CC-BY-SA-4.0", "MIT"):
        source = crediting.source(
            "cat-cow", Licence(code, code, "https://licence.example", "Ada", "https://set.example")
        )
        assert list(abouts.check_form("source.cat-cow", source, {})) == []
        assert "Ada" in source["citations"][0]
        assert "https://licence.example" in source["citations"][0]


def test_unclear_instructions_are_kept_nowhere(bring: Bring, filled: Connection) -> None:
    bring("free-exercise-db")
    kept = " ".join(map(str, filled.execute(select(import_record.c.steps, import_record.c.proposal)).all()))
    drafted = " ".join(map(str, filled.scalars(select(catalog_draft.c.data))))
    assert "Lean in, then repeat" not in kept + drafted


def test_a_limit_leaves_the_rest_for_the_next_time(bring: Bring, filled: Connection) -> None:
    first = bring("free-exercise-db", limit=2)
    assert first.counts["outcomes"]["draft"] == 2
    second = bring("free-exercise-db")
    assert second.counts["outcomes"]["known"] == len(first.results)
    fresh = [each for each in second.results if each.outcome == "draft"]
    assert fresh
    assert not {each.document for each in fresh} & {each.document for each in first.results if each.document}


def test_a_set_that_changed_a_record_leaves_the_draft_to_its_editor(bring: Bring, filled: Connection) -> None:
    bring("warmup-generator")
    files = {
        name: body.replace(b"20 secondes", b"25 secondes")
        for name, body in files_of("warmup-generator").items()
    }
    files = {name: body.replace("Pas du goéland".encode(), b"Pas de mouette") for name, body in files.items()}
    drafted = count(filled, "catalog_draft")
    again = by_id(bring("warmup-generator", files))
    assert again["d"].outcome == "changed"
    assert again["a"].outcome == "known"
    assert count(filled, "catalog_draft") == drafted
    assert by_id(bring("warmup-generator", files))["d"].outcome == "known"


def test_a_thrown_away_draft_does_not_come_back(bring: Bring, filled: Connection) -> None:
    done = by_id(bring("free-exercise-db"))["Moon_Calf"]
    assert done.draft is not None
    drafts.discard(filled, ANA, done.draft, reason="We have one like it.", now=NOW)
    filled.commit()
    assert by_id(bring("free-exercise-db"))["Moon_Calf"].outcome == "known"


def test_what_another_set_has_drafted_is_a_duplicate(bring: Bring) -> None:
    bring("free-exercise-db")
    files = {"t.csv": b"name,type,primary_muscles\nMoon Lean Calf Stretch,static_stretch,gastroc\n"}
    found = by_id(bring("csv", files))
    assert found["Moon Lean Calf Stretch"].outcome == "duplicate"
    assert found["Moon Lean Calf Stretch"].reason == "in_draft"


def test_a_slug_that_is_taken_is_not_given_again(bring: Bring, filled: Connection) -> None:
    c = catalog_document.c
    filled.execute(
        update(catalog_document)
        .where(c.collection == "exercise", c.id == "cat-cow")
        .values(
            state="retired", data=c.data.op("||")({"name": "Gone for good", "primary_muscles": ["soleus"]})
        )
    )
    files = {"t.csv": b"name,type,primary_muscles\nCat cow,mobility,thoracic_extensors\n"}
    assert by_id(bring("csv", files))["Cat cow"].document == "cat-cow-2"


def test_an_exercise_that_somebody_is_changing_is_left_alone(bring: Bring, filled: Connection) -> None:
    mine = drafts.start(filled, BEN, ("exercise", "cat-cow"), now=NOW)
    filled.commit()
    found = by_id(bring("csv", {"t.csv": b"slug,difficulty\ncat-cow,3\n"}))["cat-cow"]
    assert (found.outcome, found.draft) == ("busy", mine.id)
    assert drafts.read(filled, mine.id).version == mine.version


def test_two_records_of_one_id_are_told_apart_by_refusing_the_second(bring: Bring) -> None:
    body = (
        b"source_id,name,type,primary_muscles\nx,Reef sway,mobility,obliques\nx,Tide sway,mobility,obliques\n"
    )
    report = bring("csv", {"t.csv": body})
    assert [each.outcome for each in report.results] == ["draft", "refused"]
    assert "the id 'x' is there twice" in report.results[1].why


def test_the_history_names_who_imported_what(bring: Bring, filled: Connection) -> None:
    report = bring("wger")
    entry = history.trail(filled, action="import.done")[0]
    assert entry.actor == ANA.id
    assert entry.after == report.counts["outcomes"]
    run = records.runs(filled)[0]
    assert run.counts == report.counts
    assert run.waiting == report.counts["outcomes"]["draft"]
    assert set(run.files) == set(files_of("wger"))


def test_a_record_left_aside_can_be_wanted_after_all(bring: Bring, filled: Connection) -> None:
    found = by_id(bring("free-exercise-db"))
    aside = found["Big_Circles"]
    assert aside.outcome == "duplicate"
    r = import_record.c
    record = filled.execute(select(r.id).where(r.source_id == "Big_Circles")).scalar_one()
    made = records.take_after_all(filled, ANA, record, NOW)
    assert made.draft is not None
    assert drafts.read(filled, made.draft).data is not None
    assert records.record_of(filled, record).outcome == "draft"
    with pytest.raises(Refused):
        records.take_after_all(filled, ANA, record, NOW)
    cable = filled.execute(select(r.id).where(r.source_id == "Cable")).scalar_one()
    with pytest.raises(Refused):
        records.take_after_all(filled, ANA, cable, NOW)
    with pytest.raises(Unknown):
        records.take_after_all(filled, ANA, cable.__class__(int=0), NOW)


def test_an_exercise_tells_where_it_came_from(bring: Bring, filled: Connection) -> None:
    done = by_id(bring("warmup-generator"))["c"]
    (source,) = records.provenance(filled, str(done.document))
    assert source.source_name == "Grands cercles de hanches"
    assert source.licence.code == "CC-BY-4.0"
    assert "Atelier du Phare" in source.credit
    assert records.provenance(filled, "cat-cow") == []


def test_records_of_an_import_are_found_by_outcome_and_words(bring: Bring, filled: Connection) -> None:
    report = bring("free-exercise-db")
    assert report.batch is not None
    rows, total = records.listed(filled, report.batch, outcome="refused")
    assert total == len(rows) == report.counts["outcomes"]["refused"]
    rows, total = records.listed(filled, report.batch, words="moon")
    assert [row.source_id for row in rows] == ["Moon_Calf"]
    assert rows[0].draft_state == "draft"
    assert records.listed(filled, report.batch, words="%")[1] == 0


@pytest.mark.parametrize(
    ("form", "how", "said"),
    [
        ("xml", {}, "the format must be one of"),
        ("csv", {"limit": -1}, "the limit must be 0 or more"),
    ],
)
def test_a_wrong_wish_is_refused_in_words(bring: Bring, form: str, how: dict[str, Any], said: str) -> None:
    with pytest.raises(ImportInvalid, match=said):
        bring(form, {"a.csv": b"name\n"}, **how)


def test_a_file_that_cannot_be_read_leaves_nothing_behind(bring: Bring, filled: Connection) -> None:
    with pytest.raises(ImportInvalid):
        bring("csv", {"t.csv": b"name,type\nReef sway,mobility\n", "u.csv": b'name\n"open'})
    filled.rollback()
    assert filled.execute(select(import_batch)).all() == []
    assert count(filled, "catalog_draft") == 0
