"""What the API says is read as documented; what it refuses is told apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.videos.client import (
    KeyRefused,
    QuotaUsedUp,
    Unavailable,
    YouTube,
    YouTubeError,
    read_video,
    seconds,
)
from server.videos.countries import COUNTRIES
from tests.videos.youtube_server import (
    BACKEND,
    BAD_KEY,
    KEY,
    QUOTA,
    SWITCHED_OFF,
    TOO_FAST,
    FakeYouTube,
    resource,
)

VIDEO = "dQw4w9WgXcQ"


class Waits(list[float]):
    """Stands for `time.sleep`, and spends nothing."""

    def __call__(self, number: float) -> None:
        self.append(number)


def client(fake: FakeYouTube, waits: Waits | None = None, key: str = KEY) -> YouTube:
    return YouTube(key, fake.url, sleep=waits if waits is not None else Waits())


def test_a_good_video_comes_with_all_that_editors_see(youtube: FakeYouTube) -> None:
    youtube.add(VIDEO)
    (found,) = client(youtube).videos([VIDEO]).videos or ()
    assert (found.state, found.reason) == ("ok", None)
    assert (found.title, found.channel, found.seconds) == (f"Calf stretch {VIDEO}", "Physio at home", 253)
    assert (found.captions, found.blocked, found.views) == (("en-GB",), (), 12345)
    assert found.thumbnail == f"https://i.ytimg.com/vi/{VIDEO}/hqdefault.jpg"
    assert "key" not in youtube.requests[0]["path"]


def test_fifty_videos_are_one_request_in_the_order_asked(youtube: FakeYouTube) -> None:
    ids = [youtube.add(f"video{number:06d}") for number in range(50)]
    found = client(youtube).videos(ids[::-1]).videos or ()
    assert [each.id for each in found] == ids[::-1]
    assert len(youtube.requests) == 1
    with pytest.raises(ValueError, match="between 1 and 50"):
        client(youtube).videos([*ids, VIDEO])


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({"status__uploadStatus": "deleted"}, "removed", "deleted"),
        (
            {"status__uploadStatus": "rejected", "status__rejectionReason": "copyright"},
            "removed",
            "copyright",
        ),
        ({"status__embeddable": False}, "not_embeddable", "other sites"),
        ({"contentDetails__contentRating": {"ytRating": "ytAgeRestricted"}}, "not_embeddable", "adults"),
        ({"contentDetails__regionRestriction": {"blocked": ["DE", "AT"]}}, "blocked_in", "2 of 249"),
        ({"contentDetails__regionRestriction": {"allowed": ["GB", "IE"]}}, "blocked_in", "247 of 249"),
        ({"contentDetails__regionRestriction": {"allowed": []}}, "not_embeddable", "every country"),
        ({"contentDetails__regionRestriction": {"blocked": []}}, "ok", None),
        ({"snippet__liveBroadcastContent": "live"}, "unknown", "live stream"),
        ({"status__privacyStatus": "unlisted"}, "ok", None),
        ({"status": None}, "unknown", "does not say"),
    ],
)
def test_each_state_is_told_with_its_reason(
    youtube: FakeYouTube, changes: dict[str, Any], state: str, said: str | None
) -> None:
    youtube.add(VIDEO, **changes)
    (found,) = client(youtube).videos([VIDEO]).videos or ()
    assert found.state == state
    assert (found.reason is None) if said is None else said in (found.reason or "")


def test_a_video_that_is_not_listed_is_gone_and_one_that_says_so_is_private(youtube: FakeYouTube) -> None:
    youtube.add(VIDEO, status__privacyStatus="private")
    found = client(youtube).videos([VIDEO, "abcdefghijk"]).videos or ()
    assert [each.state for each in found] == ["removed", "removed"]
    assert "made it private" in (found[0].reason or "")
    assert read_video(resource(VIDEO, status__privacyStatus="private")).state == "private"


def test_allowed_countries_become_blocked_ones(youtube: FakeYouTube) -> None:
    youtube.add(VIDEO, contentDetails__regionRestriction={"allowed": ["GB", "XX"]})
    (found,) = client(youtube).videos([VIDEO]).videos or ()
    assert set(found.blocked) == COUNTRIES - {"GB"}


def test_captions_of_an_unknown_language_are_said_to_be_there(youtube: FakeYouTube) -> None:
    youtube.add(VIDEO, snippet__defaultAudioLanguage=None)
    youtube.add("abcdefghijk", contentDetails__caption="false")
    found = client(youtube).videos([VIDEO, "abcdefghijk"]).videos or ()
    assert [each.captions for each in found] == [("und",), ()]


def test_nothing_new_is_a_304_by_the_answers_etag(youtube: FakeYouTube) -> None:
    youtube.add(VIDEO)
    first = client(youtube).videos([VIDEO])
    again = client(youtube).videos([VIDEO], first.etag)
    assert (again.videos, again.etag) == (None, first.etag)
    youtube.add(VIDEO, status__embeddable=False)
    changed = client(youtube).videos([VIDEO], first.etag)
    assert changed.etag != first.etag
    assert [each.state for each in changed.videos or ()] == ["not_embeddable"]


@pytest.mark.parametrize(
    "failure", [BACKEND, TOO_FAST, (500, b"<html>oops"), (200, b"{"), (200, b'{"items":5}')]
)
def test_a_passing_failure_is_tried_again_with_longer_waits(
    youtube: FakeYouTube, failure: tuple[int, Any]
) -> None:
    youtube.add(VIDEO)
    waits = Waits()
    if failure[1] != b'{"items":5}':
        youtube.failures = [failure, failure]
        assert client(youtube, waits).videos([VIDEO]).videos
        assert waits == [1.0, 4.0]
    youtube.failures = [failure] * 3
    with pytest.raises(Unavailable):
        client(youtube, waits).videos([VIDEO])


@pytest.mark.parametrize(
    ("failure", "kind", "said"),
    [
        (QUOTA, QuotaUsedUp, "quota of the day"),
        (BAD_KEY, KeyRefused, "API key not valid"),
        (SWITCHED_OFF, KeyRefused, "has not been used in project"),
        ((401, {"error": "odd"}), KeyRefused, "no reason given"),
        ((404, {"error": {"errors": ["odd", {"reason": 5}], "message": 3}}), Unavailable, "404"),
        ((302, b""), Unavailable, "302"),
    ],
)
def test_refusals_are_told_apart_and_never_hold_the_key(
    youtube: FakeYouTube, failure: tuple[int, Any], kind: type[YouTubeError], said: str
) -> None:
    youtube.failures = [failure] * 3
    with pytest.raises(kind, match=said) as caught:
        client(youtube).videos([VIDEO])
    assert KEY not in str(caught.value)
    assert "<" not in str(caught.value)


def test_a_wrong_key_is_refused_and_asked_once(youtube: FakeYouTube) -> None:
    with pytest.raises(KeyRefused, match="API key not valid"):
        client(youtube, key="wrong").videos([VIDEO])
    assert len(youtube.requests) == 1


def test_nobody_at_home_is_said_without_the_address_or_the_key() -> None:
    waits = Waits()
    with pytest.raises(Unavailable, match="does not answer") as caught:
        YouTube(KEY, "http://127.0.0.1:9/youtube/v3", sleep=waits).videos([VIDEO])
    assert KEY not in str(caught.value)
    assert waits == [1.0, 4.0]


def test_every_request_is_paid_for_before_it_is_made(youtube: FakeYouTube) -> None:
    spent: list[int] = []
    youtube.failures = [BACKEND]
    YouTube(KEY, youtube.url, spent.append, Waits()).videos([VIDEO])
    assert spent == [1, 1]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT4M13S", 253),
        ("PT1H", 3600),
        ("P1DT2S", 86402),
        ("P0D", None),
        ("PT", None),
        ("4:13", None),
        (None, None),
    ],
)
def test_durations_are_seconds(text: str | None, length: int | None) -> None:
    assert seconds(text) == length


_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["snippet", "contentDetails", "status", "statistics", "etag"]), _odd))
def test_no_oddity_in_an_answer_breaks_it(parts: dict[str, Any]) -> None:
    assert read_video({**resource(VIDEO), **parts}).id == VIDEO


_FIELDS = (
    "title channelTitle thumbnails duration caption regionRestriction contentRating uploadStatus privacyStatus "
    "embeddable viewCount liveBroadcastContent defaultAudioLanguage"
)


@given(
    st.sampled_from(["snippet", "contentDetails", "status", "statistics"]),
    st.dictionaries(st.sampled_from(_FIELDS.split()), _odd),
)
def test_no_oddity_in_a_part_breaks_it(part: str, fields: dict[str, Any]) -> None:
    made = resource(VIDEO)
    made[part] |= fields
    assert read_video(made).state in ("ok", "removed", "private", "not_embeddable", "blocked_in", "unknown")
