"""The daily check: marks what is gone, tells editors once, keeps to the quota, asks no more than it must."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, text

from server.jobs import Ended, enqueue, run_pending
from server.settings import Settings
from server.videos import store
from server.videos.checks import check, look_up
from server.videos.client import Unavailable, Video
from server.videos.items import differs, item_of
from server.videos.store import QuotaSpent
from tests.videos.youtube_server import BACKEND, BAD_KEY, QUOTA, FakeYouTube

NOW = datetime(2026, 5, 4, 9, 20, tzinfo=UTC)  # 02:20 in California, where it is summer
MIDNIGHT = datetime(2026, 5, 5, 7, 0, tzinfo=UTC)
VIDEO = "dQw4w9WgXcQ"


def put_on(engine: Engine, slug: str, *videos: str, state: str = "approved") -> None:
    """The exercise's media in the catalogue are these videos."""
    items = [{"kind": "youtube", "id": each, "title": each} for each in videos]
    with engine.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO catalog_document (collection, id, state, data) VALUES ('media', %s, %s, %s::jsonb)"
            " ON CONFLICT (collection, id) DO UPDATE SET data = excluded.data, state = excluded.state",
            (slug, state, orjson.dumps({"slug": slug, "items": items}).decode()),
        )


def run_check(engine: Engine, settings: Settings, now: datetime = NOW) -> Ended:
    with engine.begin() as conn:
        enqueue(conn, check, once=True)
    ((_, ended),) = run_pending(engine, settings, now=now)
    return ended


def states(engine: Engine) -> dict[str, str]:
    with engine.connect() as conn:
        return {id_: row.state for id_, row in store.known(conn).items()}


def waiting(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return [row.id for row in store.notices(conn)]


def units(engine: Engine) -> dict[str, int]:
    with engine.connect() as conn:
        rows = conn.execute(text("SELECT day::text AS day, units FROM youtube_day ORDER BY day"))
        return {row.day: row.units for row in rows}


def test_a_video_that_is_removed_is_marked_and_editors_are_told_once(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", youtube.add(VIDEO), youtube.add("abcdefghijk"))
    said = run_check(engine, settings).said
    assert said == "Videos: 2. Requests: 1. Changed: 2. Waiting for an editor: 0."
    assert states(engine) == {VIDEO: "ok", "abcdefghijk": "ok"}
    assert waiting(engine) == []
    del youtube.videos[VIDEO]
    youtube.add("abcdefghijk", status__embeddable=False)
    later = NOW + timedelta(days=1)
    run_check(engine, settings, later)
    assert states(engine) == {VIDEO: "removed", "abcdefghijk": "not_embeddable"}
    assert sorted(waiting(engine)) == sorted([VIDEO, "abcdefghijk"])
    with engine.begin() as conn:
        row = store.known(conn)[VIDEO]
        assert (row.title, row.state_since) == (f"Calf stretch {VIDEO}", later)
        store.put_away(conn, VIDEO, "ada", later)
    run_check(engine, settings, later + timedelta(days=1))
    assert waiting(engine) == ["abcdefghijk"]
    with engine.connect() as conn:
        assert store.known(conn)[VIDEO].state_since == later


def test_a_video_that_comes_back_and_goes_again_is_told_again(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", VIDEO)
    for day, there in enumerate([False, True, False]):
        youtube.videos.clear()
        if there:
            youtube.add(VIDEO)
        run_check(engine, settings, NOW + timedelta(days=day))
        assert waiting(engine) == ([] if there else [VIDEO])
        with engine.begin() as conn:
            store.put_away(conn, VIDEO, "ada", NOW)


def test_fifty_at_a_time_and_nothing_new_costs_a_304_each(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    ids = sorted(youtube.add(f"video{number:06d}") for number in range(120))
    put_on(engine, "calf_stretch", *ids)
    assert (
        run_check(engine, settings).said
        == "Videos: 120. Requests: 3. Changed: 120. Waiting for an editor: 0."
    )
    assert [len(each) for each in youtube.asked] == [50, 50, 20]
    assert {each["if_none_match"] for each in youtube.requests} == {None}
    youtube.requests.clear()
    tomorrow = NOW + timedelta(days=1)
    assert run_check(engine, settings, tomorrow).said == (
        "Videos: 120. Requests: 3. Changed: 0. Waiting for an editor: 0."
    )
    assert None not in {each["if_none_match"] for each in youtube.requests}
    with engine.connect() as conn:
        assert {row.checked_at for row in store.known(conn).values()} == {tomorrow}
    assert units(engine) == {"2026-05-04": 3, "2026-05-05": 3}


def test_when_youtube_says_that_the_quota_is_used_up_nothing_is_asked_until_it_is_new(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", youtube.add(VIDEO))
    youtube.failures = [QUOTA]
    ended = run_check(engine, settings)
    assert (ended.outcome, ended.again) == ("later", MIDNIGHT)
    assert "There is more at 07:00 UTC." in (ended.said or "")
    with pytest.raises(QuotaSpent, match="07:00 UTC"):
        look_up(engine, settings, VIDEO, NOW)
    assert len(youtube.requests) == 1
    ((_, done),) = run_pending(engine, settings, now=MIDNIGHT)
    assert done.outcome == "done"
    assert states(engine) == {VIDEO: "ok"}


def test_our_own_limit_is_kept_and_the_rest_is_done_the_next_day(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", *[youtube.add(f"video{number:06d}") for number in range(120)])
    small = replace(settings, youtube_quota=2)
    ended = run_check(engine, small)
    assert (ended.outcome, ended.again) == ("later", MIDNIGHT)
    assert len(states(engine)) == 100
    with engine.connect() as conn:
        today = store.quota(conn, 2, NOW)
        assert (today.units, today.left, today.resets_at) == (2, 0, MIDNIGHT)
        assert store.quota(conn, 2, MIDNIGHT).left == 2


def test_in_winter_the_day_begins_an_hour_later(engine: Engine) -> None:
    with engine.connect() as conn:
        winter = store.quota(conn, 5, datetime(2026, 1, 5, 7, 30, tzinfo=UTC))
    assert (winter.day.isoformat(), winter.resets_at) == ("2026-01-04", datetime(2026, 1, 5, 8, tzinfo=UTC))


def test_without_a_key_nothing_is_asked_and_the_job_says_so(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", VIDEO)
    ended = run_check(engine, replace(settings, youtube_key=None))
    assert (ended.outcome, ended.said) == (
        "done",
        "Nothing was checked: LIMBER_YOUTUBE_KEY is not set. Videos: 1.",
    )
    assert youtube.requests == []


def test_a_refused_key_fails_the_job_at_once_and_names_the_setting(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", VIDEO)
    youtube.failures = [BAD_KEY]
    ended = run_check(engine, settings)
    assert (ended.outcome, ended.again) == ("failed", None)
    assert "API key not valid" in (ended.said or "")
    assert "LIMBER_YOUTUBE_KEY" in (ended.said or "")


def test_an_outage_is_tried_again_later_and_what_was_known_stays(
    engine: Engine, settings: Settings, youtube: FakeYouTube, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.videos.client.WAITS_S", (0.0, 0.0))
    put_on(engine, "calf_stretch", youtube.add(VIDEO))
    run_check(engine, settings)
    youtube.failures = [BACKEND] * 3
    ended = run_check(engine, settings, NOW + timedelta(days=1))
    assert (ended.outcome, ended.again) == ("failed", NOW + timedelta(days=1, seconds=10))
    assert states(engine) == {VIDEO: "ok"}
    assert units(engine)["2026-05-05"] == 3


def test_only_videos_of_the_catalogue_and_of_open_drafts_are_asked_about(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", youtube.add(VIDEO))
    put_on(engine, "old_stretch", youtube.add("abcdefghijk"), state="retired")
    draft: dict[str, Any] = {
        "slug": "hip_stretch",
        "items": [{"kind": "youtube", "id": youtube.add("draftdraft1")}],
    }
    with engine.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO catalog_draft"
            " (id, collection, document, base_version, data, author, contributors, created_at, updated_at) VALUES"
            " (gen_random_uuid(), 'media', 'hip_stretch', 0, %s::jsonb, 'ada', '{ada}', now(), now())",
            (orjson.dumps(draft).decode(),),
        )
        uses = store.attached(conn)
    assert {video: [(use.slug, use.how) for use in each] for video, each in uses.items()} == {
        VIDEO: [("calf_stretch", "released")], "draftdraft1": [("hip_stretch", "draft")],
    }  # fmt: skip
    run_check(engine, settings)
    assert youtube.asked == [sorted([VIDEO, "draftdraft1"])]


def test_what_is_attached_nowhere_is_forgotten_after_thirty_days(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", youtube.add(VIDEO))
    look_up(engine, settings, youtube.add("abcdefghijk"), NOW)
    run_check(engine, settings, NOW + timedelta(days=29))
    assert len(states(engine)) == 2
    run_check(engine, settings, NOW + timedelta(days=31))
    assert list(states(engine)) == [VIDEO]


def test_looking_one_up_keeps_what_was_said(engine: Engine, settings: Settings, youtube: FakeYouTube) -> None:
    youtube.add(VIDEO)
    assert look_up(engine, settings, VIDEO, NOW).state == "ok"
    with engine.connect() as conn:
        row = store.known(conn)[VIDEO]
    item = item_of(row)
    assert item == {
        "kind": "youtube", "id": VIDEO, "title": f"Calf stretch {VIDEO}", "channel": "Physio at home",
        "seconds": 253, "captions": ["en-GB"],
    }  # fmt: skip
    assert differs(item, row) == []
    assert differs({**item, "title": "Another", "blocked": ["DE"]}, row) == ["title", "blocked"]


def test_what_was_gone_for_an_hour_between_two_checks_does_not_stay_marked_as_gone(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    put_on(engine, "calf_stretch", youtube.add(VIDEO))
    run_check(engine, settings)
    held = youtube.videos.pop(VIDEO)
    assert look_up(engine, settings, VIDEO, NOW + timedelta(hours=1)).state == "removed"
    youtube.videos[VIDEO] = held
    run_check(engine, settings, NOW + timedelta(days=1))
    assert states(engine) == {VIDEO: "ok"}


def test_an_outage_while_an_editor_waits_is_said_soon(
    engine: Engine, settings: Settings, youtube: FakeYouTube, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.videos.client.WAITS_S", (0.0, 0.0))
    youtube.failures = [BACKEND] * 3
    with pytest.raises(Unavailable, match="503: Backend Error"):
        look_up(engine, settings, VIDEO, NOW)


def test_what_an_editor_says_holds_until_youtube_is_asked(
    engine: Engine, settings: Settings, youtube: FakeYouTube
) -> None:
    with engine.begin() as conn:
        store.remember(
            conn, VIDEO, {"title": "Mine", "channel": "Me", "seconds": 60, "captions": ["en"]}, NOW
        )
        store.remember(
            conn, VIDEO, {"title": "Mine too", "channel": "Me", "seconds": 60, "captions": []}, NOW
        )
        assert item_of(store.known(conn)[VIDEO])["title"] == "Mine too"
        store.save(conn, [Video(VIDEO, "ok", title="Theirs", channel="They", seconds=61)], NOW)
        store.remember(conn, VIDEO, {"title": "Mine", "channel": "Me", "seconds": 60, "captions": []}, NOW)
        assert item_of(store.known(conn)[VIDEO])["title"] == "Theirs"


def test_many_who_spend_at_once_never_spend_more_than_there_is(engine: Engine) -> None:
    spend = store.spender(engine, 20, NOW)

    def try_to(_: int) -> bool:
        try:
            spend(1)
        except QuotaSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(try_to, range(60)))
    assert sum(spent) == 20
    assert units(engine) == {"2026-05-04": 20}
