"""RxDB 17 from npm against a real server process: tests/node/rxdb.mjs tells the stories."""

from collections.abc import Callable

from tests.adapters.stories import stories


@stories("rxdb.mjs")
def test_rxdb(story: str, play: Callable[[str, str], str | None]) -> None:
    error = play("rxdb.mjs", story)
    assert error is None, error
