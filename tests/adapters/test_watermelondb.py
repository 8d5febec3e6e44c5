"""WatermelonDB 0.28 from npm against a real server process: tests/node/watermelondb.mjs tells the stories."""

from collections.abc import Callable

from tests.adapters.stories import stories


@stories("watermelondb.mjs")
def test_watermelondb(story: str, play: Callable[[str, str], str | None]) -> None:
    error = play("watermelondb.mjs", story)
    assert error is None, error
