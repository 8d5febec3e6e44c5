"""From a file on an editor's disk to a draft of an exercise's media, and back out to whoever watches."""

import re
from datetime import UTC, datetime
from typing import Any

import requests

from server.catalog import drafts
from server.catalog.media_form import check_form
from server.desk.media_pages import overview
from tests.media import files
from tests.media.conftest import Sender
from tests.media.files import NEEDS_FFMPEG

NOW = datetime(2026, 3, 4, tzinfo=UTC)
WORDS = {
    "alt-en": "A person arches and rounds the back on all fours.",
    "alt-de": "Eine Person macht im Vierfüßlerstand den Rücken rund und hohl.",
    "licence": "CC BY 4.0",
    "credit": "Mia Example",
}


def attached(sender: Sender, slug: str) -> dict[str, Any]:
    with sender.limber.engine.connect() as conn:
        draft = drafts.open_for(conn, ("media", slug))
    assert draft is not None
    assert draft.origin == "media"
    assert draft.data is not None
    return dict(draft.data)


def exercise(sender: Sender) -> str:
    with sender.limber.engine.connect() as conn:
        found = conn.exec_driver_sql(
            "SELECT id FROM catalog_document WHERE collection = 'exercise' AND state = 'approved' ORDER BY id LIMIT 1"
        )
        return str(found.scalar_one())


@NEEDS_FFMPEG
def test_a_film_goes_from_the_editors_disk_to_a_draft(each_sender: Sender) -> None:
    slug = exercise(each_sender)
    page = each_sender.send(files.film("mp4", 1.0, "640x480"), "cat cow.mp4", slug)
    assert page.path.startswith("/desk/media/files/"), page.words
    assert f'value="{slug}"' in page.html
    shown = re.findall(r'(?:src|poster)="(/v1/objects/media/[^"]+)"', page.html)
    assert {each.rsplit(".", 1)[1] for each in shown} == {"mp4", "webp"}
    for each in shown:
        answer = each_sender.limber.client.get(each)
        if answer.status_code == 302:  # S3: the server only says where
            assert requests.get(answer.headers["Location"], timeout=10).status_code == 200
        else:
            assert answer.status_code == 200

    done = each_sender.editor.send(page, page.path, **WORDS)
    assert done.path.startswith("/desk/drafts/"), done.words[:1500]
    data = attached(each_sender, slug)
    (item,) = data["items"]
    assert list(check_form(slug, data)) == []
    assert item["kind"] == "video"
    assert item["alt"] == {"en": WORDS["alt-en"], "de": WORDS["alt-de"]}
    assert (item["credit"], item["licence"]) == (WORDS["credit"], WORDS["licence"])


def test_a_picture_goes_the_same_way(sender: Sender) -> None:
    slug = exercise(sender)
    page = sender.send(files.picture("JPEG", (800, 600)), exercise=slug)
    sender.editor.send(page, page.path, **WORDS)
    (item,) = attached(sender, slug)["items"]
    assert (item["kind"], item["type"], len(item["variants"])) == ("image", "image/jpeg", 1)


def test_a_second_one_goes_into_the_same_draft_and_the_same_one_only_once(sender: Sender) -> None:
    slug = exercise(sender)
    for size in ((80, 60), (60, 80), (80, 60)):
        page = sender.send(files.picture("PNG", size), exercise=slug)
        sender.editor.send(page, page.path, **WORDS)
    assert [each["width"] for each in attached(sender, slug)["items"]] == [80, 60]


def test_without_words_and_a_licence_nothing_is_attached(sender: Sender) -> None:
    slug = exercise(sender)
    page = sender.send(files.picture(), exercise=slug)
    again = sender.editor.send(page, page.path, **{**WORDS, "alt-de": "", "licence": ""})
    assert again.status == 422
    assert "The words in German" in again.words
    assert "Say under which licence" in again.words
    with sender.limber.engine.connect() as conn:
        assert drafts.open_for(conn, ("media", slug)) is None


def test_an_exercise_that_is_not_there_is_said(sender: Sender) -> None:
    page = sender.send(files.picture())
    again = sender.editor.send(page, page.path, **WORDS, exercise="no_such_thing")
    assert again.status == 422
    assert "There is no exercise no_such_thing." in again.words


def test_the_same_file_is_looked_at_once(sender: Sender) -> None:
    first, second = (sender.send(files.picture("PNG", (50, 50))) for _ in range(2))
    assert first.path == second.path


def test_a_refused_file_says_why_and_leaves_nothing(each_sender: Sender) -> None:
    page = each_sender.send(files.SVG, "drawing.png")
    assert "an SVG drawing, which can carry scripts" in page.words
    with each_sender.limber.engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM media_asset").scalar_one() == 0
        upload = conn.exec_driver_sql("SELECT id FROM media_upload").scalar_one()
    assert not each_sender.limber.store.exists(f"uploads/{upload}")
    assert "an SVG drawing" in each_sender.editor.get("/desk/media").words


def test_taking_it_off_again_leaves_no_draft_where_there_was_nothing(sender: Sender) -> None:
    slug = exercise(sender)
    page = sender.send(files.picture(), exercise=slug)
    sender.editor.send(page, page.path, **WORDS)
    sender.post(f"{page.path}/detach", exercise=slug)
    with sender.limber.engine.connect() as conn:
        assert drafts.open_for(conn, ("media", slug)) is None


def test_words_alone_can_be_kept_and_then_nothing_waits_any_more(sender: Sender) -> None:
    page = sender.send(files.picture())
    with sender.limber.engine.connect() as conn:
        assert overview(conn, NOW) == [("1", "pictures or films without words and licence", "/desk/media")]
    kept = sender.editor.send(page, page.path, **WORDS)
    assert (kept.status, kept.path) == (200, page.path)
    assert "The words are kept." in kept.words
    assert WORDS["alt-de"] in kept.html
    with sender.limber.engine.connect() as conn:
        assert overview(conn, NOW) == []


def test_an_address_that_leads_nowhere_is_a_page_that_says_so(sender: Sender) -> None:
    for path in ("files/" + "0" * 64, "uploads/00000000-0000-0000-0000-000000000000"):
        assert sender.editor.get(f"/desk/media/{path}").status == 404
