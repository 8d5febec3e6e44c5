"""A YouTube of our own, and settings that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.settings import Settings
from tests.videos.youtube_server import KEY, FakeYouTube, serving


@pytest.fixture
def youtube() -> Iterator[FakeYouTube]:
    with serving() as fake:
        yield fake


@pytest.fixture
def settings(database_url: str, tmp_path: Path, youtube: FakeYouTube) -> Settings:
    return Settings(database_url=database_url, data=tmp_path, youtube_key=KEY, youtube_url=youtube.url)
