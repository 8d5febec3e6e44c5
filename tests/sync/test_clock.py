"""Hybrid logical clocks: they only go forward, and sort as text."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import clock

VECTORS = json.loads((Path(clock.__file__).parent / "vectors" / "clock.json").read_text())
DEVICES = st.text("0123456789abcdef", min_size=16, max_size=16)
STAMPS = st.builds(clock.Stamp, st.integers(0, 2**48 - 2), st.integers(0, 2**16 - 1), DEVICES)


@pytest.mark.parametrize("case", VECTORS["tick"], ids=lambda case: case["name"])
def test_the_next_clock_is_the_one_that_every_implementation_gives(case: dict[str, object]) -> None:
    assert clock.tick(case["last"], case["wall_ms"], case["device"]) == case["gives"]  # type: ignore[arg-type]


def test_clocks_sort_as_their_text_does() -> None:
    texts = VECTORS["ascending"]
    assert sorted(texts, key=clock.parse) == sorted(texts) == texts


@pytest.mark.parametrize("text", [*VECTORS["invalid"], None, 7, "019acb12f3a4-0000-1f2e3d4c5b6a798\u0669"])
def test_what_is_no_clock_is_refused(text: object) -> None:
    with pytest.raises(clock.ClockInvalid, match="must be a clock"):
        clock.parse(text)


@given(STAMPS, STAMPS)
def test_text_and_parts_agree_on_what_is_later(one: clock.Stamp, other: clock.Stamp) -> None:
    assert (clock.text(one) < clock.text(other)) == (one < other)
    assert clock.parse(clock.text(one)) == one


@given(st.none() | STAMPS, st.integers(0, 2**48 - 1), DEVICES)
def test_the_next_clock_is_always_later_and_never_before_the_wall(
    last: clock.Stamp | None, wall_ms: int, device: str
) -> None:
    before = None if last is None else clock.text(last)
    after = clock.tick(before, wall_ms, device)
    assert before is None or after > before
    assert clock.parse(after).ms >= wall_ms
    assert clock.parse(after).device == device


def test_a_clock_out_of_range_is_refused() -> None:
    with pytest.raises(clock.ClockInvalid):
        clock.tick(None, 2**48, "0" * 16)
    with pytest.raises(clock.ClockInvalid):
        clock.tick(None, 1, "0123")
    with pytest.raises(clock.ClockInvalid):
        clock.tick(VECTORS["ascending"][-1], 1, "0" * 16)


def test_the_greatest_of_some_clocks_ignores_what_is_missing() -> None:
    first, *_, last = VECTORS["ascending"]
    assert clock.greatest(None, last, first) == last
    assert clock.greatest(None) is None
