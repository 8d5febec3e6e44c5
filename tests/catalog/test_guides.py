"""Every exercise is told in words, in every language, plainly; what is wrong with a guide is found and named."""

import copy
from collections.abc import Iterator
from statistics import mean
from typing import Any

import pytest

from server.catalog.claims import LANGUAGES, forbidden_claims
from server.catalog.content import read_seed, validate
from server.catalog.guides import check_form, check_notes, reading_ease, texts

CATALOG = read_seed()
GUIDES = {slug: data for (collection, slug), data in CATALOG.items() if collection == "guide"}
EXERCISES = {slug: data for (collection, slug), data in CATALOG.items() if collection == "exercise"}
HAZARDS = CATALOG["vocabulary", "hazards"]["entries"]
SLUG = "calf-stretch-wall"


def words(language: str) -> Iterator[tuple[str, str, str]]:
    """(slug, path, text) of all guides in a language."""
    for slug, guide in GUIDES.items():
        for path, text in texts(guide["text"][language]):
            yield slug, path, text


def wrong(path: str, value: Any) -> list[str]:
    """The fields that are found wrong in a good guide with one value changed; `...` deletes."""
    guide = copy.deepcopy(GUIDES[SLUG])
    *parents, last = path.split(".")
    target: Any = guide
    for name in parents:
        target = target[name]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return [field for field, _ in check_form(SLUG, guide, EXERCISES, HAZARDS)]


def test_every_exercise_has_a_guide_with_a_note_for_each_hazard_in_every_language():
    assert GUIDES.keys() == EXERCISES.keys()
    for slug, guide in GUIDES.items():
        assert list(check_notes(guide, EXERCISES[slug])) == []


def test_a_note_is_for_a_hazard_that_the_exercise_has():
    strangers = {
        (slug, hazard)
        for slug, guide in GUIDES.items()
        for language in LANGUAGES
        for hazard in guide["text"][language]["safety"].keys() - set(EXERCISES[slug]["hazards"])
    }
    assert strangers == set()


def test_the_words_pass_the_same_check_that_editors_meet():
    assert [problem for problem in validate(CATALOG) if problem.where.startswith("guide/")] == []


def test_no_two_exercises_share_a_purpose_or_a_first_step():
    # Text made from a template says little of the exercise at hand.
    for language in LANGUAGES:
        for field in ("purpose", "feel"):
            said = [guide["text"][language][field].casefold() for guide in GUIDES.values()]
            assert len(set(said)) >= 0.97 * len(said)
        steps = [" ".join(guide["text"][language]["steps"]).casefold() for guide in GUIDES.values()]
        assert len(set(steps)) == len(steps)


@pytest.mark.parametrize(("language", "least"), [("en", 78), ("de", 70)])
def test_twelve_year_olds_can_read_it(language, least):
    # Flesch: 80 to 90 is easy, read at the age of 11; 70 to 80 fairly easy, at 12.
    eases = [
        reading_ease([t for _, t in texts(guide["text"][language])], language) for guide in GUIDES.values()
    ]
    assert mean(eases) >= least


def test_the_tone_is_calm():
    for slug, path, text in words("en"):
        for hard in (
            "you must ",
            "never forget",
            "you always ",
            "you are wrong",
            "you should never",
            "don't you",
        ):
            # What goes wrong may be told as it is: "The same arm always goes on top."
            assert hard not in text.lower() or path.startswith("mistakes"), (slug, path, text)
    for slug, path, text in words("de"):
        # du, throughout; nobody is scolded
        assert not any(
            word in f" {text} " for word in (" Sie ", " Ihr ", " Ihre ", " Ihren ", " Ihrem ")
        ) or path.startswith("mistakes"), (slug, path, text)


def test_a_hold_says_to_stay_short_of_pain():
    for slug, guide in GUIDES.items():
        if EXERCISES[slug]["type"] not in ("static_stretch", "pnf_stretch"):
            continue
        english = " ".join(
            [EXERCISES[slug]["cue"], *(text for _, text in texts(guide["text"]["en"]))]
        ).lower()
        german = " ".join(text for _, text in texts(guide["text"]["de"])).lower()
        assert "pain" in english or "hurt" in english, slug
        assert "schmerz" in german or "weh" in german, slug


def test_an_easier_variant_is_not_harder():
    difficulty = {slug: data["difficulty"] for slug, data in EXERCISES.items()}
    linked = 0
    for slug, guide in GUIDES.items():
        if guide["easier"]:
            assert difficulty[guide["easier"]] <= difficulty[slug], (slug, guide["easier"])
        if guide["harder"]:
            assert difficulty[guide["harder"]] >= difficulty[slug], (slug, guide["harder"])
        linked += bool(guide["easier"]) + bool(guide["harder"])
    assert linked >= 1.2 * len(GUIDES)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("slug", "cat-cow", "slug"),
        ("easier", SLUG, "easier"),
        ("easier", "no-such", "easier"),
        ("harder", 3, "harder"),
        ("text.de", ..., "text.de"),
        ("text.fr", {}, "text.fr"),
        ("text.en", "words", "text.en"),
        ("text.en.purpose", ..., "text.en.purpose"),
        ("text.en.name", "Name", "text.en.name"),
        ("text.de.name", ..., "text.de.name"),
        ("text.en.steps", ["Only one step here."], "text.en.steps"),
        ("text.en.steps", "one", "text.en.steps"),
        ("text.en.mistakes", [f"Mistake number {n}." for n in range(5)], "text.en.mistakes"),
        ("text.en.purpose", "Too short.", "text.en.purpose"),
        ("text.en.feel", "x" * 161, "text.en.feel"),
        ("text.en.feel", "This is a stretch that prevents injury.", "text.en.feel"),
        ("text.de.feel", "Diese Dehnung beugt Verletzungen vor.", "text.de.feel"),
        ("text.en.purpose", "Stretch now, it is wonderful!", "text.en.purpose"),
        ("text.en.purpose", "Opens the calf, with no full stop", "text.en.purpose"),
        ("text.en.purpose", "opens the calf without a capital.", "text.en.purpose"),
        ("text.en.safety", {"no_such": "A note for nothing at all."}, "text.en.safety.no_such"),
        ("text.en.steps", ["Words " * 21 + "end.", "And a second step here."], "text.en.steps.0"),
        ("extra", 1, "extra"),
    ],
)
def test_each_mistake_is_found_and_its_field_named(path, value, field):
    assert field in wrong(path, value)


def test_words_that_nobody_of_twelve_reads_are_refused():
    dense = "Proprioceptive neuromuscular facilitation necessitates antagonistic reciprocal inhibition."
    assert "text.en" in wrong("text.en.steps", [dense] * 5)


def test_reading_ease_knows_easy_from_hard_in_both_languages():
    assert (
        reading_ease(["Sit on the mat. Bend one leg."], "en")
        > 90
        > 30
        > reading_ease(["Physiological considerations necessitate individualised modification."], "en")
    )
    assert (
        reading_ease(["Setz dich hin. Beug ein Bein."], "de")
        > 90
        > 30
        > reading_ease(["Physiologische Voraussetzungen erfordern individualisierte Modifikationen."], "de")
    )
    assert reading_ease([], "en") == 100


def test_a_guide_without_its_exercise_is_a_problem():
    found = validate({**CATALOG, ("guide", "nobody"): {**GUIDES[SLUG], "slug": "nobody"}})
    assert [problem.where for problem in found] == ["guide/nobody"]


def test_claims_are_found_in_german_too_and_plain_words_are_not():
    assert forbidden_claims("Das löst Verklebungen und beugt Muskelkater vor.", "de")
    assert forbidden_claims("Dehnen verlängert den Muskel dauerhaft.", "de")
    assert not forbidden_claims("Halte den Rücken lang und atme ruhig, die Haltung bleibt aufrecht.", "de")


def test_a_new_hazard_asks_for_its_note_in_every_language():
    exercise = {**EXERCISES[SLUG], "hazards": [*EXERCISES[SLUG]["hazards"], "single_leg"]}
    found = {problem.where for problem in validate({**CATALOG, ("exercise", SLUG): exercise})}
    assert found == {f"guide/{SLUG}.text.{language}.safety.single_leg" for language in LANGUAGES}


@pytest.mark.parametrize("hazards", [[[]], [{}], [1], {"a": 1}, "grip", None])
def test_hazards_that_are_none_are_a_mistake_of_the_exercise_and_not_of_its_guide(hazards):
    exercise = {**EXERCISES[SLUG], "hazards": hazards}
    found = {problem.where for problem in validate({**CATALOG, ("exercise", SLUG): exercise})}
    assert found == {f"exercise/{SLUG}.hazards"}
