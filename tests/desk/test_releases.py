"""From the desk to devices: publish, plan, cancel, compare, go back; and the history of it all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from tests.desk.conftest import Editor
from tests.desk.test_drafts import CUE, SLUG
from tests.desk.test_reviews import document, handed_in
from tests.server.conftest import Limber

AtDesk = Callable[..., Editor]


def approved(at_desk: AtDesk, **changed: str) -> tuple[Editor, Editor]:
    """A change that is approved: who wrote it and who approved it."""
    ana, ben = at_desk("editor", name="Ana"), at_desk("physio", name="Ben")
    path = handed_in(ana, **changed)
    assert "Approved" in ben.send(ben.get(path), f"{path}/approve").words
    return ana, ben


def test_a_release_of_one_changed_exercise_moves_one_document(limber: Limber, at_desk: AtDesk) -> None:
    ana, ben = approved(at_desk)
    page = ana.get("/desk/releases")
    assert f"exercise/{SLUG}" in page.words
    assert ana.send(page, "/desk/releases", do="now", notes=" ").status == 422
    done = ana.send(page, "/desk/releases", do="now", notes="The calf stretch reads better.")
    assert "Release 2 is published" in done.words
    assert "The calf stretch reads better." in done.words
    with limber.engine.connect() as conn:
        newest = "(SELECT max(seq) FROM record WHERE stream = 'catalog')"
        moved = conn.execute(
            text(f"SELECT collection, id FROM record WHERE stream = 'catalog' AND seq = {newest}")
        ).all()
    assert [tuple(each) for each in moved] == [("exercise", SLUG)]
    again = ana.send(done, "/desk/releases", do="now", notes="Once more.")
    assert "Nothing has changed since the last release" in again.words
    shown = ben.get("/desk/releases/2")
    assert "1 document" in shown.words
    assert "<ins>" in shown.html
    assert ben.get("/desk/releases/2?against=2").status == 200


def test_a_physio_may_look_but_not_publish(at_desk: AtDesk) -> None:
    ben = at_desk("physio", name="Ben")
    page = ben.get("/desk/releases")
    assert "Publishing needs the role editor or admin" in page.words
    token = dict(page.form("/desk/sign-out"))["csrf"]
    forced = ben.client.post("/desk/releases", data={"csrf": token, "notes": "x", "do": "now"})
    assert forced.status_code == 403
    assert "needs the role editor or admin" in forced.text


def test_a_release_is_planned_and_cancelled(limber: Limber, at_desk: AtDesk) -> None:
    ana, _ = approved(at_desk)
    page = ana.get("/desk/releases")
    soon = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:00")
    for wrong in ("", "tomorrow", "2020-01-01T10:00", "2999-01-01T10:00"):
        answer = ana.send(page, "/desk/releases", do="later", notes="Soon.", at=wrong)
        assert answer.status == 422
        assert 'id="at-error"' in answer.html
    for zone in ("Mars/Olympus", "../../etc/passwd", "Europe", "x" * 100):
        answer = ana.send(page, "/desk/releases", do="later", notes="Soon.", at=soon, zone=zone)
        assert answer.status == 422, zone
        assert 'id="zone-error"' in answer.html
        assert dict(answer.form("/desk/releases"))["at"] == soon
    assert dict(page.form("/desk/releases"))["zone"] == "UTC"
    planned = ana.send(page, "/desk/releases", do="later", notes="Soon.", at=soon, zone="Asia/Kolkata")
    assert re.search(r"Planned for [^.]*\(Asia/Kolkata\), which is [^.]* UTC\.", planned.words)
    with limber.engine.connect() as conn:
        at = conn.execute(text("SELECT scheduled_for FROM catalog_publication")).scalar_one()
    assert at == datetime.fromisoformat(f"{soon}+05:30")
    found = re.search(r'action="(/desk/releases/planned/[^"]+/cancel)"', planned.html)
    assert found
    gone = ana.send(planned, found[1])
    assert "Cancelled." in gone.words
    assert ana.send(planned, found[1]).status == 409
    with limber.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM release WHERE stream = 'catalog'")).scalar_one() == 1


def test_going_back_makes_a_new_release_with_the_old_documents(limber: Limber, at_desk: AtDesk) -> None:
    before = document(limber)
    ana, _ = approved(at_desk)
    ana.send(ana.get("/desk/releases"), "/desk/releases", do="now", notes="New words.")
    page = ana.get("/desk/releases/1")
    assert ana.send(page, "/desk/releases/1/roll-back", reason="").status == 422
    done = ana.send(page, "/desk/releases/1/roll-back", reason="The new words confused people.")
    assert "Release 3 is published, with the documents of release 1" in done.words
    assert document(limber) == before
    assert "back to 1" in done.words
    assert ana.get("/desk/releases/3?against=1").words.count("The two hold the same") == 1
    assert "roll-back" not in ana.get("/desk/releases/3").html


def test_a_release_that_is_not_there_says_so(at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    for path in ("/desk/releases/77", "/desk/releases/99999999999", "/desk/releases/1?against=77"):
        answer = ana.get(path)
        assert answer.status == 404, path
        assert "There is no" in answer.words
    assert ana.get("/desk/releases/1?against=x").status == 400
    assert ana.get("/desk/releases?before=x").status == 400


def test_the_history_tells_who_did_what_when_and_why(at_desk: AtDesk) -> None:
    ana, ben = approved(at_desk, cue=CUE, note="Reads better.")
    ana.send(ana.get("/desk/releases"), "/desk/releases", do="now", notes="New words.")
    page = ben.get("/desk/history")
    for told in ("Ana", "Ben", "handed in", "approved", "published a release", "Reads better.", "New words."):
        assert told in page.words
    assert (
        "began a change of"
        not in ben.get("/desk/history?action=release.published").words.split("Why and how")[1]
    )
    assert f"exercise/{SLUG}" in ben.get(f"/desk/history?collection=exercise&document={SLUG}").words
    assert "nothing of the kind" in ben.get("/desk/history?document=nothing").words
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    assert "approved" in ben.get(f"/desk/history?since={today}&until={today}").words
    assert ben.get("/desk/history?since=yesterday").status == 422
    assert ben.get("/desk/history?before=x").status == 400
    assert ben.get("/desk/history?before=1").words.count("nothing of the kind") == 1
    assert "approved" in ben.get(f"/desk/documents/exercise/{SLUG}").words


def test_the_key_that_signs_is_missing_so_nothing_is_published(limber: Limber, at_desk: AtDesk) -> None:
    ana, _ = approved(at_desk)
    kept = limber.settings.signing_key.read_bytes()
    limber.settings.signing_key.unlink()
    try:
        answer = ana.send(ana.get("/desk/releases"), "/desk/releases", do="now", notes="New words.")
    finally:
        limber.settings.signing_key.write_bytes(kept)
    assert answer.status == 503
    assert "nothing was published" in answer.words
