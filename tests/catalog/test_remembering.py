"""What was judged once is not judged again, and nothing is mistaken for something else."""

import copy
import math
import uuid
from typing import Any

import pytest

from server.catalog import guides, motion, remembering
from server.catalog.content import read_seed, validate
from server.catalog.remembering import remembered

SEED = read_seed()


def test_the_same_content_is_worked_on_once() -> None:
    asked = []

    @remembered
    def length(slug: str, data: dict[str, Any]) -> int:
        """How many fields."""
        asked.append(slug)
        return len(data)

    assert [length("a", {"x": [1, None]}) for _ in range(3)] == [1, 1, 1]
    assert length("b", {"x": [1, None]}) == 1
    assert asked == ["a", "b"]
    assert (length.__name__, length.__doc__) == ("length", "How many fields.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (None, math.nan),
        ("1", 1),
        ({}, []),
        ({"a": {"b": 1}}, {"a": 1, "b": {}}),
        ("", None),
    ],
)
def test_what_only_looks_alike_is_told_apart(one: Any, other: Any) -> None:
    kind = remembered(lambda value: repr(value))
    assert [kind({"x": one}), kind({"x": other})] == [repr({"x": one}), repr({"x": other})]


def test_what_is_not_json_is_worked_on_each_time() -> None:
    asked = []
    remembered(asked.append)(uuid.UUID(int=1))
    ask = remembered(asked.append)
    ask({"at": uuid.UUID(int=1)})
    ask({"at": uuid.UUID(int=1)})
    assert len(asked) == 3


def test_a_mistake_is_not_remembered_as_an_answer() -> None:
    asked = []

    @remembered
    def fail(value: int) -> int:
        asked.append(value)
        raise ValueError(value)

    for _ in range(2):
        with pytest.raises(ValueError, match="7"):
            fail(7)
    assert asked == [7, 7]


def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST", 3)
    asked = []
    ask = remembered(lambda value: asked.append(value))
    for value in (1, 2, 3, 1, 4, 1):
        ask(value)
    assert asked == [1, 2, 3, 4, 1]


def test_a_catalogue_judged_before_is_judged_as_if_for_the_first_time() -> None:
    """Whatever was remembered of the good one: each mistake is found, and gone when it is mended."""
    assert validate(SEED) == []
    broken = copy.deepcopy(SEED)
    broken["guide", "front-plank"]["text"]["de"]["steps"][0] = "Ohne Punkt"
    broken["guide", "cat-cow"]["easier"] = "nowhere"
    broken["motion", "cat-cow"]["seconds"] = 0
    broken["exercise", "front-plank"]["cue"] = "too short"
    lacking, hazard = next((key[1], data["hazards"][0]) for key, data in SEED.items() if data.get("hazards"))
    del broken["guide", lacking]["text"]["en"]["safety"][hazard]
    places = {problem.where for problem in validate(broken)}
    assert {
        "guide/front-plank.text.de.steps.0",
        f"guide/{lacking}.text.en.safety.{hazard}",
        "guide/cat-cow.easier",
        "motion/cat-cow.seconds",
        "exercise/front-plank.cue",
    } <= places
    assert validate(SEED) == []


def test_the_second_look_at_a_catalogue_reads_no_text_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert validate(SEED) == []
    monkeypatch.setattr(guides, "_badly_said", None)
    monkeypatch.setattr(motion, "_check", None)
    assert validate(copy.deepcopy(SEED)) == []
