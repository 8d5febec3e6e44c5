"""The review by a second person, and what it takes to approve."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from tests.desk.conftest import Editor
from tests.desk.test_drafts import CUE, SLUG, begin, stored
from tests.server.conftest import Limber

AtDesk = Callable[..., Editor]


def handed_in(editor: Editor, key: str = f"exercise/{SLUG}", **changed: str) -> str:
    """The path of the review of a change that was handed in."""
    path, page = begin(editor, key)
    answer = editor.send(page, path, do="submit", **(changed or {"cue": CUE}))
    assert answer.status == 200, answer.words
    return answer.path


def document(limber: Limber, slug: str = SLUG) -> dict[str, object]:
    """The exercise as the next release has it."""
    with limber.engine.connect() as conn:
        found: dict[str, object] = conn.execute(
            text("SELECT data FROM catalog_document WHERE collection = 'exercise' AND id = :id"), {"id": slug}
        ).scalar_one()
    return found


def test_a_second_editor_sees_each_changed_field_and_approves(limber: Limber, at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    path = handed_in(ana, cue=CUE, note="Reads better.")
    assert SLUG not in ana.get("/desk/reviews?by=others").html
    assert "Wall calf stretch" in cleo.get("/desk/reviews?by=others").words
    page = cleo.get(path)
    assert "<ins>into</ins>" in page.html.replace("<ins>into </ins>", "<ins>into</ins>")
    assert "Reads better." in page.words
    done = cleo.send(page, f"{path}/approve", note="Good.")
    assert "Approved. The next release holds it." in done.words
    assert document(limber)["cue"] == CUE
    assert stored(limber, path).state == "approved"


def test_nobody_approves_what_they_wrote_in(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor", "physio", "admin", name="Ana")
    path = handed_in(ana)
    page = ana.get(path)
    assert "Another person has to look at it" in page.words
    token = dict(page.form(f"/desk/drafts/{path.rsplit('/', 1)[1]}/withdraw"))["csrf"]
    forced = ana.client.post(f"{path}/approve", data={"csrf": token, "version": "1"})
    assert forced.status_code in (403, 409)
    assert document(limber)["cue"] != CUE


def test_what_keeps_people_safe_is_approved_by_a_physio(limber: Limber, at_desk: AtDesk) -> None:
    ana, admin, ben = (
        at_desk("editor"),
        at_desk("editor", "admin", name="Cleo"),
        at_desk("physio", name="Ben"),
    )
    path = handed_in(ana, difficulty="2")
    page = admin.get(path)
    assert "It needs the role physio" in page.words
    assert "physio" in admin.get("/desk/reviews").words
    token = dict(page.form("/desk/sign-out"))["csrf"]
    forced = admin.client.post(f"{path}/approve", data={"csrf": token, "version": "2"})
    assert forced.status_code == 403
    assert document(limber)["difficulty"] == 1
    assert "Approved" in ben.send(ben.get(path), f"{path}/approve").words
    assert document(limber)["difficulty"] == 2


def test_a_change_that_is_sent_back_says_why_and_comes_again(limber: Limber, at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    path = handed_in(ana)
    page = cleo.get(path)
    assert cleo.send(page, f"{path}/send-back", reason=" ").status == 422
    cleo.send(page, f"{path}/send-back", reason="Say which leg.")
    edit = path.replace("reviews", "drafts")
    shown = ana.get(edit)
    assert "Sent back by Cleo: Say which leg." in shown.words
    again = ana.send(
        shown, edit, do="submit", cue="Back heel down, back knee straight; lean in to a gentle pull, no pain."
    )
    assert "Saved and handed in" in again.words
    assert stored(limber, path).state == "in_review"


def test_writing_on_takes_a_change_out_of_review(limber: Limber, at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    path = handed_in(ana)
    seen = cleo.get(path)
    edit = path.replace("reviews", "drafts")
    page = ana.get(edit)
    assert "This is in review" in page.words
    ana.send(
        page, edit, do="submit", cue="Back heel down, knee straight; lean in to a gentle pull, never to pain."
    )
    # What was approved would not be what was read.
    late = cleo.send(seen, f"{path}/approve")
    assert late.status == 409
    assert "It was changed while you looked at it" in late.words
    assert "never to pain" in late.words
    assert stored(limber, path).state == "in_review"


def test_a_change_is_taken_out_of_review_by_who_wrote_it(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    path = handed_in(ana)
    ana.send(ana.get(path), f"{path.replace('reviews', 'drafts')}/withdraw")
    assert stored(limber, path).state == "draft"


def test_two_changes_of_one_exercise_are_approved_together(limber: Limber, at_desk: AtDesk) -> None:
    ana, ben = at_desk("editor"), at_desk("physio", name="Ben")
    first, page = begin(ana)
    hazards = [value for name, value in page.form(first) if name == "hazards"]
    page = ana.send(page, first, do="save", hazards=[*hazards, "single_leg"])
    guide, form = begin(ana, f"guide/{SLUG}")
    note = {
        "text.en.safety.single_leg": "Keep a hand on the wall.",
        "text.de.safety.single_leg": "Eine Hand bleibt an der Wand.",
    }
    assert ana.send(form, guide, do="submit", **note).status == 200
    assert ana.send(ana.get(first), first, do="submit").status == 200
    shown = ben.get(first.replace("drafts", "reviews"))
    assert "Approve together with" in shown.words
    assert "Approved" in ben.send(shown, f"{first.replace('drafts', 'reviews')}/approve").words
    assert stored(limber, first).state == "approved"
    assert stored(limber, guide).state == "approved"


def test_an_exercise_that_is_taken_back_is_gone_from_the_next_release(
    limber: Limber, at_desk: AtDesk
) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    slug = "pnf-calf-strap"
    shown = ana.get(f"/desk/documents/exercise/{slug}")
    page = ana.send(shown, f"/desk/documents/exercise/{slug}/take-back", note="Needs a partner.")
    asked = ana.send(page, f"{page.path}/submit")
    if asked.status == 422:  # another guide leads to it, which is told with its name
        assert "guide/" in asked.words
        return
    cleo.send(cleo.get(asked.path), f"{asked.path}/approve")
    assert f"exercise/{slug}" in cleo.get("/desk/releases").words


def test_lists_of_drafts_are_filtered_and_read_on(limber: Limber, at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    begin(ana)
    handed_in(
        cleo, f"guide/{SLUG}", **{"text.en.feel": "A mild pull high in the calf of the leg behind you."}
    )
    assert "Wall calf stretch" in ana.get("/desk/drafts?by=me").words
    mine = ana.get("/desk/drafts?by=me&collection=guide").words
    assert "There are none." in mine
    assert "In review" in ana.get("/desk/drafts?state=in_review").words
    assert ana.get("/desk/drafts?after=nonsense~x&state=zzz").status == 200
    assert "to review, that you can approve" in ana.get("/desk/").words
