"""The desk's pages of videos: attach by address, see what became of it, take it away; also without a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from server.catalog import drafts
from server.catalog.documents import stored
from server.jobs import run_pending
from tests.conftest import Published
from tests.desk.conftest import Editor, Page, at_desk
from tests.server.conftest import FAKE_RUNTIME, Limber, start
from tests.videos.test_checks import put_on
from tests.videos.youtube_server import KEY, QUOTA, FakeYouTube

__all__ = ["at_desk", "start"]

VIDEO = "dQw4w9WgXcQ"


@pytest.fixture
def keyed() -> bool:
    return True


@pytest.fixture
def limber(
    start: Callable[..., Limber], make_database: Callable[[str], str], published: Published, youtube: FakeYouTube,
    keyed: bool,
) -> Limber:  # fmt: skip
    changed: dict[str, Any] = {"public_url": "http://localhost", "youtube_url": youtube.url}
    if keyed:
        changed["youtube_key"] = KEY
    return start(make_database(published.database), published, changed=changed, runtime=FAKE_RUNTIME)


@pytest.fixture
def slug(limber: Limber) -> str:
    """An exercise of the catalogue."""
    with limber.engine.connect() as conn:
        found = conn.exec_driver_sql(
            "SELECT id FROM catalog_document WHERE collection = 'exercise' AND state = 'approved' ORDER BY id LIMIT 1"
        )
        return str(found.scalar_one())


def items(limber: Limber, slug: str) -> list[dict[str, Any]]:
    """What the open draft of the exercise's media holds."""
    with limber.engine.connect() as conn:
        draft = drafts.open_for(conn, ("media", slug))
    assert draft is not None
    return list((draft.data or {})["items"])


def look_up(editor: Editor, address: str, exercise: str = "") -> Page:
    return editor.send(editor.get("/desk/videos"), "/desk/videos", address=address, exercise=exercise)


def test_a_video_is_attached_by_its_address_with_all_that_youtube_says(
    limber: Limber, at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str
) -> None:
    youtube.add(VIDEO, contentDetails__regionRestriction={"blocked": ["DE"]})
    editor = at_desk("editor")
    page = look_up(editor, f"https://youtu.be/{VIDEO}?si=abc", slug)
    assert f"Calf stretch {VIDEO}" in page.words
    assert "4:13" in page.words
    assert "It is blocked in 1 of 249 countries." in page.words
    assert "ytimg" not in page.html, "no picture is fetched from YouTube by the browser"
    assert "iframe" not in page.html
    page = editor.send(page, f"/desk/videos/{VIDEO}/attach")
    assert page.path.startswith("/desk/drafts/")
    assert items(limber, slug) == [
        {"kind": "youtube", "id": VIDEO, "title": f"Calf stretch {VIDEO}", "channel": "Physio at home",
         "seconds": 253, "captions": ["en-GB"], "blocked": ["DE"]}
    ]  # fmt: skip
    with limber.engine.connect() as conn:
        draft = drafts.open_for(conn, ("media", slug))
        assert draft is not None
        assert drafts.problems(conn, draft) == []
        assert stored(conn, ("media", slug)) is None, "only a draft: nothing is released by attaching"
    assert "draft" in editor.get("/desk/videos").words


def test_a_video_is_taken_away_and_a_draft_that_held_only_it_is_closed(
    limber: Limber, at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str
) -> None:
    youtube.add(VIDEO)
    editor = at_desk("editor")
    editor.send(look_up(editor, VIDEO, slug), f"/desk/videos/{VIDEO}/attach")
    page = editor.send(editor.get(f"/desk/videos/{VIDEO}"), f"/desk/videos/{VIDEO}/detach")
    assert "The draft held nothing else, so it is closed." in page.words
    again = editor.client.post(
        f"/desk/videos/{VIDEO}/detach", data={**dict(page.form("/desk/sign-out")), "exercise": slug}
    )
    assert again.status_code == 409


def test_a_released_video_that_changed_is_brought_up_to_date_or_taken_away_by_a_draft(
    limber: Limber, at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str
) -> None:
    put_on(limber.engine, slug, youtube.add(VIDEO))
    editor = at_desk("editor")
    page = editor.get(f"/desk/videos/{VIDEO}")
    assert "never" in page.words
    page = editor.send(page, f"/desk/videos/{VIDEO}/look")
    assert "YouTube was asked: fine." in page.words
    assert "title, channel, seconds, captions" in page.words
    editor.send(page, f"/desk/videos/{VIDEO}/attach", exercise=slug)
    assert items(limber, slug)[0]["title"] == f"Calf stretch {VIDEO}"
    editor.send(editor.get(f"/desk/videos/{VIDEO}"), f"/desk/videos/{VIDEO}/detach")
    with limber.engine.connect() as conn:
        draft = drafts.open_for(conn, ("media", slug))
    assert draft is not None
    assert draft.data is None, "the media document would be empty, so it is taken back"


def test_the_daily_check_tells_editors_who_put_the_notice_away(
    limber: Limber, at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str
) -> None:
    put_on(limber.engine, slug, youtube.add(VIDEO), "abcdefghijk")
    editor = at_desk("editor")
    page = editor.send(editor.get("/desk/videos"), "/desk/videos/check")
    assert "The check is waiting as job" in page.words
    assert [ended.outcome for _, ended in run_pending(limber.engine, limber.settings)] == ["done"]
    page = editor.get("/desk/videos")
    assert "1 video cannot be watched any more." in page.words
    assert page.words.index("abcdefghijk") < page.words.index(f"Calf stretch {VIDEO}"), (
        "what is wrong comes first"
    )
    assert "Nobody can watch this in the app." in editor.get("/desk/videos/abcdefghijk").words
    page = editor.send(page, "/desk/videos/abcdefghijk/seen")
    assert "cannot be watched any more" not in page.words
    assert "gone" in page.words


@pytest.mark.parametrize("keyed", [False])
def test_without_a_key_a_video_is_attached_by_id_and_the_page_says_what_is_missing(
    limber: Limber, at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str
) -> None:
    editor = at_desk("editor")
    page = editor.get("/desk/videos")
    assert "There is no key for YouTube’s API." in page.words
    assert "LIMBER_YOUTUBE_KEY" in page.words
    page = look_up(editor, f"https://www.youtube.com/shorts/{VIDEO}", slug)
    assert "please type in what its page says" in page.words
    wrong = editor.send(page, f"/desk/videos/{VIDEO}/attach", title="", length="4.13", captions="English!")
    assert wrong.status == 422
    for said in (
        "Say what the video is called.",
        "Say whose channel",
        "such as 4:13",
        "language codes such as en",
    ):
        assert said in wrong.words
    typed = {"title": "Calf <stretch>", "channel": "Physio", "length": "1:04:13", "captions": "en, de"}
    editor.send(page, f"/desk/videos/{VIDEO}/attach", **typed)
    assert items(limber, slug) == [
        {"kind": "youtube", "id": VIDEO, "title": "Calf <stretch>", "channel": "Physio", "seconds": 3853,
         "captions": ["en", "de"]}
    ]  # fmt: skip
    assert youtube.requests == []
    assert "Calf &lt;stretch&gt;" in editor.get("/desk/videos").html


def test_an_address_that_is_no_video_and_an_unknown_exercise_are_named_at_their_fields(
    at_desk: Callable[..., Editor], youtube: FakeYouTube
) -> None:
    editor = at_desk("editor")
    page = look_up(editor, "https://vimeo.com/123")
    assert page.status == 422
    assert "This is not YouTube but vimeo.com." in page.words
    assert 'href="#address"' in page.html
    assert 'value="https://vimeo.com/123"' in page.html
    page = look_up(editor, VIDEO, "no_such_stretch")
    assert page.status == 422
    assert "There is no such exercise." in page.words
    assert youtube.requests == []


def test_a_video_that_is_gone_or_cannot_be_embedded_is_not_attached(
    limber: Limber, at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str
) -> None:
    editor = at_desk("editor")
    youtube.add("abcdefghijk", status__embeddable=False)
    for video in (VIDEO, "abcdefghijk"):
        page = look_up(editor, video, slug)
        assert "Nobody can watch this in the app." in page.words
        refused = editor.client.post(
            f"/desk/videos/{video}/attach", data={**dict(page.form("/desk/sign-out")), "exercise": slug}
        )
        assert refused.status_code == 422
    with limber.engine.connect() as conn:
        assert drafts.open_for(conn, ("media", slug)) is None


def test_when_the_quota_is_used_up_the_page_says_until_when_and_attaching_goes_on_by_hand(
    limber: Limber, at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str
) -> None:
    youtube.failures = [QUOTA]
    editor = at_desk("editor")
    page = look_up(editor, VIDEO, slug)
    assert "The quota of the day is used up. There is more at" in page.words
    assert "please type in what its page says" in page.words
    assert "YouTube is not asked any more today." in editor.get("/desk/videos").words
    assert len(youtube.requests) == 1


def test_an_outage_is_said_and_nothing_is_lost(
    at_desk: Callable[..., Editor], youtube: FakeYouTube, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.videos.client.WAITS_S", ())
    youtube.failures = [(503, b"oops")]
    editor = at_desk("editor")
    page = look_up(editor, VIDEO, slug)
    assert "YouTube answers 503" in page.words
    youtube.add(VIDEO)
    page = editor.send(page, f"/desk/videos/{VIDEO}/look")
    assert "YouTube was asked: fine." in page.words


@pytest.mark.parametrize("path", ["/desk/videos/short", "/desk/videos/abcdefghijk", "/desk/videos?state=odd"])
def test_what_is_not_there_is_a_plain_404(at_desk: Callable[..., Editor], path: str) -> None:
    page = at_desk("editor").get(path)
    assert page.status == 404
    assert "There is no such" in page.words


def test_somebody_without_a_role_at_the_desk_sees_and_does_nothing(
    limber: Limber, at_desk: Callable[..., Editor], slug: str
) -> None:
    member = at_desk()
    assert member.get("/desk/videos").status == 403
    assert member.client.post("/desk/videos", data={"address": VIDEO}).status_code in (400, 403)
    assert replace(limber.settings, youtube_key="secret-key").youtube_key not in repr(limber.settings)
