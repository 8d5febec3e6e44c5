"""Merging: the outcome is the same in any order and however often a patch comes."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import merge as merging
from sync.merge import DELETED, WHOLE, Patch, Stored, append, merge

VECTORS = json.loads((Path(merging.__file__).parent / "vectors" / "merge.json").read_text())
DEVICES = ("1f2e3d4c5b6a7988", "a0b1c2d3e4f50617", "00000000000000aa")


def patch(raw: dict[str, Any]) -> Patch:
    return Patch("routine", "r", raw["hlc"], raw.get("set"))


def play(patches: list[Patch]) -> tuple[list[str], Stored | None]:
    stored, statuses = None, []
    for each in patches:
        outcome = merge(stored, each)
        assert outcome.moved == (outcome.stored != (stored or Stored(True, {}, {})))
        stored = outcome.stored
        statuses.append(outcome.status)
    return statuses, stored


@pytest.mark.parametrize("case", VECTORS["merge"], ids=lambda case: case["name"])
def test_patches_do_what_every_implementation_does(case: dict[str, Any]) -> None:
    statuses, stored = play([patch(raw) for raw in case["patches"]])
    assert statuses == case["statuses"]
    assert stored == Stored(case["deleted"], case["data"], case["clocks"])
    for order in itertools.permutations(case["patches"]):
        assert play([patch(raw) for raw in order])[1] == stored


@pytest.mark.parametrize("case", VECTORS["append"], ids=lambda case: case["name"])
def test_what_is_written_once_stays_as_it_was(case: dict[str, Any]) -> None:
    stored, statuses = None, []
    for raw in case["patches"]:
        outcome = append(stored, patch(raw))
        statuses.append("rejected" if outcome is None else outcome.status)
        stored = stored if outcome is None else outcome.stored
    assert statuses == case["statuses"]
    assert stored == Stored(False, case["data"], case["clocks"])


@st.composite
def histories(draw: st.DrawFn) -> list[Patch]:
    """Some patches to one record; no clock is used twice, as no device uses one twice."""
    moments = draw(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(DEVICES)), unique=True, max_size=8))
    fields = st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(0, 3), min_size=1)
    return [
        Patch("routine", "r", f"{ms:012x}-0000-{device}", draw(st.none() | fields)) for ms, device in moments
    ]


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(patches: list[Patch], random: Any) -> None:
    shuffled = patches * 2
    random.shuffle(shuffled)
    assert play(shuffled)[1] == play(patches)[1]


@given(histories())
def test_each_field_is_what_its_newest_patch_said(patches: list[Patch]) -> None:
    stored = play(patches)[1]
    if stored is None:
        assert not patches
        return
    newest: dict[str, Patch] = {}
    for each in sorted(patches, key=lambda each: each.hlc):
        newest.update(dict.fromkeys([DELETED] if each.set is None else each.set, each))
    died = newest.pop(DELETED, None)
    assert stored.data == {name: (each.set or {})[name] for name, each in newest.items()}
    alive = any(died is None or each.hlc > died.hlc for each in newest.values())
    assert stored.deleted is not alive
    assert stored.hlc == max(each.hlc for each in patches)


@given(histories())
def test_a_status_says_what_can_be_seen_of_the_patch_right_after_it(patches: list[Patch]) -> None:
    stored = None
    for each in patches:
        outcome = merge(stored, each)
        stored = outcome.stored
        if each.set is None:
            seen = [stored.deleted]
        else:
            seen = [not stored.deleted and stored.clocks[name] == each.hlc for name in each.set]
        expected = "applied" if all(seen) else "merged" if any(seen) else "stale"
        assert outcome.status == expected


def test_a_record_written_once_keeps_one_clock_only() -> None:
    outcome = append(None, patch({"hlc": "019acb12f3a4-0000-1f2e3d4c5b6a7988", "set": {"rpe": 3, "at": "x"}}))
    assert outcome is not None
    assert set(outcome.stored.clocks) == {WHOLE}
    assert outcome.won == ("rpe", "at")
