"""Stories of publishes, pages, prunings and new epochs: in any order, readers end with the truth."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from sync import store
from sync.canonical import catalog_digest, document_digest
from sync.cursor import Cursor, encode

LATER = datetime(2999, 1, 1, tzinfo=UTC)

# Few ids and few values, so that documents are often changed, deleted, revived, or published unchanged.
keys = st.tuples(st.sampled_from(["exercise", "vocabulary"]), st.sampled_from("abcdef"))
values = st.fixed_dictionaries({"n": st.integers(0, 2)}) | st.fixed_dictionaries(
    {"text": st.text("é'\"\\ ", max_size=3)}
)
documents = st.dictionaries(keys, values, max_size=8)
publishes = st.tuples(st.just("publish"), documents)
pages = st.just(("page", None))
steps = st.one_of(
    publishes, pages, publishes, pages, pages, st.just(("prune", None)), st.just(("epoch", None))
)
modest = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = count()


def fresh_stream() -> str:
    """A stream of its own for each example: streams do not see each other, one database serves all."""
    return f"stream-{next(numbers)}"


def digest(state: dict[tuple[str, str], Any]) -> str:
    return catalog_digest({key: document_digest(data) for key, data in state.items()})


@modest
@given(story=st.lists(steps, max_size=20), limits=st.tuples(st.integers(1, 3), st.integers(1, 8)))
def test_a_reader_that_follows_cursors_through_any_story_ends_with_the_truth(
    engine: Engine, new_reader: Any, story: list[tuple[str, Any]], limits: tuple[int, int]
) -> None:
    stream = fresh_stream()
    with engine.begin() as conn:
        truth = {store.publish(conn, stream, {}).seq: {}}  # the state that each head stood for
        readers = [new_reader(stream, limit) for limit in limits]
        for step, argument in story:
            if step == "publish":
                truth[store.publish(conn, stream, argument).seq] = argument
            elif step == "prune":
                store.prune(conn, stream, LATER)
            elif step == "epoch":
                store.new_epoch(conn, stream)
            elif not readers[0].page(conn):  # one reader lives through the story, the other comes at its end
                assert readers[0].documents == truth[readers[0].seq]
        head = max(truth)
        for reader in readers:
            reader.catch_up(conn)
            assert reader.seq == head
            assert reader.documents == store.state(conn, stream) == truth[head]
            assert digest(reader.documents) == digest(truth[head])


@modest
@given(
    history=st.lists(documents, min_size=1, max_size=6),
    limit=st.integers(1, 6),
    pruned_after=st.integers(0, 6),
)
def test_the_state_is_the_state_at_any_cursor_plus_the_changes_since(
    engine: Engine, new_reader: Any, history: list[Any], limit: int, pruned_after: int
) -> None:
    """state(all) = apply(state(up to c), changes since c) for every c that was a head."""
    stream = fresh_stream()
    with engine.begin() as conn:
        heads: dict[int, Any] = {}
        for number, published in enumerate(history):
            now = store.publish(conn, stream, published)
            heads[now.seq] = published
            if number == pruned_after:
                store.prune(conn, stream, LATER)
        floor = store.pull(conn, stream, None, 1).head.floor
        for seq, held in heads.items():
            reader = new_reader(stream, limit)
            reader.staged, reader.cursor = dict(held), encode(Cursor(stream, now.epoch, seq))
            assert reader.catch_up(conn).documents == store.state(conn, stream) == history[-1]
            assert reader.resyncs == (["pruned"] if 0 < seq < floor else [])


@modest
@given(history=st.lists(documents, min_size=1, max_size=5))
def test_every_version_takes_the_next_seq_and_nothing_else_does(engine: Engine, history: list[Any]) -> None:
    stream = fresh_stream()
    with engine.begin() as conn:
        held: dict[tuple[str, str], Any] = {}
        seq = 0
        for published in history:
            now = store.publish(conn, stream, published)
            changed = sum(1 for key, data in published.items() if held.get(key) != data)
            deleted = len(held.keys() - published.keys())
            assert (now.changed, now.deleted, now.seq) == (changed, deleted, seq + changed + deleted)
            held, seq = published, now.seq
