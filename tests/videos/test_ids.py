"""Whatever an editor pastes, the video is found, or the editor is told why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.videos.ids import ID, NotAVideo, video_id, watch_url

ID_OF_ALL = "dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "text",
    [
        "dQw4w9WgXcQ",
        "  dQw4w9WgXcQ\n",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "http://youtube.com/watch?v=dQw4w9WgXcQ&t=42s",
        "https://www.youtube.com/watch?list=PLabc&v=dQw4w9WgXcQ&index=3",
        "https://m.youtube.com/watch?v=dQw4w9WgXcQ#top",
        "https://music.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ?si=AbCdEf",
        "youtu.be/dQw4w9WgXcQ",
        "www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://youtube.com/shorts/dQw4w9WgXcQ?feature=share",
        "https://www.youtube.com/live/dQw4w9WgXcQ?si=x",
        "https://www.youtube.com/embed/dQw4w9WgXcQ?start=10",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
        "https://www.youtube.com/v/dQw4w9WgXcQ",
        "https://WWW.YouTube.COM/watch/?v=dQw4w9WgXcQ",
        watch_url(ID_OF_ALL),
    ],
)
def test_every_kind_of_address_leads_to_the_video(text: str) -> None:
    assert video_id(text) == ID_OF_ALL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Paste the address"),
        ("calf stretch", "neither an address"),
        ("dQw4w9WgXc", "neither an address"),
        ("https://vimeo.com/76979871", "not YouTube but vimeo.com"),
        ("https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ", "not YouTube"),
        ("https://evil.example/?u=https://youtu.be/dQw4w9WgXcQ", "not YouTube"),
        ("https://user@youtu.be:x/dQw4w9WgXcQ/..", None),
        ("https://[::1", "not an address"),
        ("javascript://youtu.be/dQw4w9WgXcQ", "neither an address"),
        ("https://www.youtube.com/playlist?list=PLabcdefghijk", "a playlist"),
        ("https://www.youtube.com/@PhysioAtHome", "a channel"),
        ("https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv", "a channel"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXc%00", "names no video"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQQ", "names no video"),
        ("https://www.youtube.com/shorts/", "names no video"),
        ("https://www.youtube.com/", "names no video"),
        ("https://youtu.be/", "names no video"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(text: str, said: str | None) -> None:
    if said is None:
        assert ID.fullmatch(video_id(text))
    else:
        with pytest.raises(NotAVideo, match=said):
            video_id(text)


@given(st.text(max_size=60) | st.builds("https://youtube.com/{}".format, st.text(max_size=60)))
def test_no_text_at_all_breaks_it(text: str) -> None:
    try:
        found = video_id(text)
    except NotAVideo as error:
        found, said = None, str(error)
    assert ID.fullmatch(found) if found else 0 < len(said) < 200
