"""What copy may not say is caught however it is put, and what it may say is let through.

claims_caught.txt and claims_allowed.txt hold a sentence a line. Both lists were written in rounds, each before the
patterns had seen it: what slipped through was added to the patterns, and the sentence kept here.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_export.evidence.claims import lint

HERE = Path(__file__).parent
CAUGHT = (HERE / "claims_caught.txt").read_text().splitlines()
ALLOWED = (HERE / "claims_allowed.txt").read_text().splitlines()
BY_RULE = {
    "C01": "This cool-down prevents soreness.",
    "C02": "Stretching after sport reduces soreness.",
    "C03": "Stretching fixes your posture.",
    "W08": "Boosts your performance by 79 %.",
    "N02": "The 11+ cuts football injuries by 39 %.",
}


def test_there_are_enough_sentences_to_mean_something():
    assert len(set(CAUGHT)) >= 150
    assert len(set(ALLOWED)) >= 150


def test_every_claim_is_caught():
    assert [sentence for sentence in CAUGHT if not lint(sentence)] == []


def test_every_innocent_sentence_passes():
    assert [(sentence, lint(sentence)) for sentence in ALLOWED if lint(sentence)] == []


@pytest.mark.parametrize("rule", BY_RULE)
def test_each_claim_rule_is_broken_by_some_sentence(rule):
    assert {claim.rule for claim in lint(BY_RULE[rule])} == {rule}


def test_a_denial_makes_a_claim_harmless_and_only_its_own():
    assert lint("A cool-down does not prevent soreness.") == []
    assert [c.words for c in lint("It does not prevent injury, but it speeds recovery.")] == [
        "speeds recovery"
    ]
    assert [c.words for c in lint("It does not cost a thing and prevents injuries.")] == ["prevents injuries"]
    assert lint("Not only does it prevent injury, it feels good.")
    assert lint("No equipment needed: prevents injury.")


def test_the_programme_may_be_said_to_lower_injuries_when_it_is_named_and_done_regularly():
    assert lint("The 11+, done twice a week for months, cuts football injuries by about 39 %.") == []
    assert [c.rule for c in lint("The 11+ cuts football injuries by about 39 %.")] == ["N02"]
    assert [c.rule for c in lint("Our warm-up, done twice a week, cuts injuries.")] == ["C03"]


def test_what_the_rules_allow_to_be_said_is_allowed():
    assert lint("Warming up helps: 79 % of the performance outcomes examined improved.") == []


def test_a_question_is_no_claim_and_an_advertisement_that_asks_is():
    assert lint("Does stretching prevent injury?") == []
    assert lint("Want to prevent injuries?")


DISGUISES = {
    "capitals": str.upper,
    "emphasis": lambda s: s.replace(" ", " **", 1) + "**",
    "curly quotes": lambda s: s.replace("'", "\u2019"),
    "no-break spaces": lambda s: s.replace(" ", "\u00a0"),
    "a line break": lambda s: s.replace(" ", "\n", 1),
    "a list": lambda s: "- Warm up first.\n- " + s + "\n- Breathe.",
    "a paragraph": lambda s: "Nothing to see here. " + s + " It does no harm.",
    "an innocent start": lambda s: "Feel the stretch; " + s[0].lower() + s[1:],
}


@pytest.mark.parametrize("how", DISGUISES)
def test_a_claim_is_caught_however_it_is_set(how):
    missed = [s for s in CAUGHT if not lint(DISGUISES[how](s))]
    # An innocent start puts "stretch" into the sentence and ends a question's first word: nothing else may slip.
    assert [s for s in missed if "?" not in s] == []


@pytest.mark.parametrize("how", ["capitals", "no-break spaces", "a list", "a paragraph"])
def test_an_innocent_sentence_stays_innocent_however_it_is_set(how):
    assert [s for s in ALLOWED if lint(DISGUISES[how](s))] == []


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_can_be_read(text):
    for claim in lint(text):
        assert text[claim.start : claim.end] == claim.words


@given(st.sampled_from(ALLOWED), st.sampled_from(CAUGHT), st.sampled_from(ALLOWED))
def test_the_place_of_a_claim_is_its_place_in_the_whole_text(before, claim, after):
    text = f"{before}\n\n{claim}\n\n{after}"
    found = lint(text)
    assert found
    for entry in found:
        assert text[entry.start : entry.end] == entry.words
        assert len(before) + 2 <= entry.start < entry.end <= len(before) + 2 + len(claim)


def test_a_long_text_is_read_in_time_that_grows_with_its_length():
    """A pattern that backtracks would not come to an end here."""
    text = "prevent avoid reduce " * 1_000
    assert lint(text) == []
    assert len(lint("Prevents injury. " * 500)) == 500
