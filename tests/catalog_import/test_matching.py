"""When two names are one exercise, and when they only look so."""

import pytest

from server.catalog.importing.facts import Licence, Record, mapped
from server.catalog.importing.matching import CLOSE, SAME, Likeness, Match, join_twins, known_of, name_words

OWN = Licence("own", "own work")


def record(
    name: str, kind: str = "static_stretch", muscles: tuple[str, ...] = (), twin: str = "", side: str = ""
) -> Record:
    fields = [mapped("name", name), mapped("type", kind)]
    if muscles:
        fields.append(mapped("primary_muscles", list(muscles)))
    return Record(f"{name} {side}", "here", name, OWN, tuple(fields), source_name=name, twin=twin, side=side)


@pytest.fixture(scope="module")
def likeness(content: dict[tuple[str, str], dict[str, object]]) -> Likeness:
    return Likeness(known_of(key[1], data) for key, data in content.items() if key[0] == "exercise")


@pytest.mark.parametrize(
    ("name", "kind", "muscles", "slug"),
    [
        ("Calves-SMR", "foam_roll", ("gastroc",), "roll-calf"),
        ("Doorway Pectoral Stretch", "static_stretch", ("pecs",), "pec-stretch-doorway-90"),
        ("Lying figure 4 stretch", "static_stretch", (), None),
        ("Push-Ups", "activation", ("pecs",), "push-up"),
        ("Stretch of the kneeling hip flexors", "static_stretch", ("hip_flexors",), None),
        ("Triceps Stretch", "static_stretch", ("triceps",), "overhead-triceps"),
    ],
)
def test_one_exercise_in_other_words_is_found(
    likeness: Likeness, name: str, kind: str, muscles: tuple[str, ...], slug: str | None
) -> None:
    found = likeness.best(record(name, kind, muscles))
    assert found is not None
    assert found.score >= CLOSE
    if slug:
        assert (found.ident, found.score >= SAME) == (slug, True)


@pytest.mark.parametrize(
    ("name", "kind", "muscles"),
    [
        ("External wrist rotation stretch", "static_stretch", ("forearm_flexors",)),
        ("Seated pelvic tilt", "mobility", ("abs",)),
        ("Clap push-up", "potentiation", ("pecs",)),
        ("Pike push-up", "activation", ("delts_front",)),
        ("Supine quad stretch", "static_stretch", ("quads",)),
        ("Dumbbell curl stretch", "static_stretch", ("biceps",)),
        ("Elephant walk", "dynamic_stretch", ("hamstrings",)),
    ],
)
def test_a_variant_is_an_exercise_of_its_own(
    likeness: Likeness, name: str, kind: str, muscles: tuple[str, ...]
) -> None:
    found = likeness.best(record(name, kind, muscles))
    assert found is None or found.score < SAME


def test_another_muscle_is_another_exercise(likeness: Likeness) -> None:
    assert likeness.best(record("Side plank", "activation", ("biceps",))) is None


def test_names_are_compared_without_accents_numbers_of_things_and_small_words() -> None:
    assert name_words("Étirement of the Calves") == name_words("etirement calf")
    assert name_words("Foam roller Quads") == name_words("Foam roll quadriceps")
    assert name_words("!?") == frozenset()


def test_a_nameless_record_is_like_nothing(likeness: Likeness) -> None:
    assert likeness.best(record("!?", muscles=("quads",))) is None


def test_twins_join_and_a_second_left_one_does_not() -> None:
    left, right = (
        record("Reef sway", twin="Reef sway", side="left"),
        record("Reef sway", twin="Reef sway", side="right"),
    )
    again = record("Reef  sway", twin="Reef sway", side="left")
    kept, joined = join_twins([left, right, again])
    assert joined == {right.source_id: left.source_id}
    assert [each.source_id for each in kept] == [left.source_id, again.source_id]
    assert kept[0].get("laterality") == "unilateral"


def test_words_that_are_rare_count_more(likeness: Likeness) -> None:
    only = Likeness(
        [known_of("a", {"name": "Levator scapulae stretch", "type": "static_stretch"})], ["stretch"] * 50
    )
    near, far = only.best(record("Levator stretch")), only.best(record("Stretch"))
    assert isinstance(near, Match)
    assert far is None
