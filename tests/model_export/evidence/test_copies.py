"""No copy in the repository claims what evidence does not bear, and none of it is overlooked."""

import json

import pytest

from model_export.evidence import copies
from model_export.evidence.changes import PART_WORDS, SUMMED_UP
from model_export.evidence.claims import lint
from model_export.runtime import RequestError, generate
from model_export.sampling import payload
from model_export.wording import WORDING


def test_no_copy_in_the_repository_makes_a_claim():
    assert [str(finding) for finding in copies.findings(copies.everything())] == []


def test_no_generated_reason_makes_a_claim(generator, catalog, rng):
    read = 0
    for number in range(40):
        given = payload(rng, catalog)
        try:
            pieces = list(copies.routine(generate(generator, catalog, given), str(number)))
        except RequestError:
            continue
        read += len(pieces)
        assert [str(f) for f in copies.findings(iter(pieces))] == []
    assert read > 200


def test_every_template_of_a_reason_and_every_word_for_a_change_is_innocent():
    texts = [text for _, text in copies.strings(WORDING)]
    assert len(texts) > 30
    for text in [*texts, *PART_WORDS.values(), *SUMMED_UP.values()]:
        assert lint(text) == []


def test_everything_that_people_read_is_read():
    found = list(copies.everything())
    files = {piece.file for piece in found}
    assert {
        "README.md", "docs/settings.md", "server/templates/home.html", "model_export/wording.py",
        "server/catalog/seed/vocabulary.json", "server/catalog/seed/rules.json",
    } <= files  # fmt: skip
    exercises = [p for p in found if p.file.startswith("server/catalog/seed/exercises/")]
    cues = sum(p.place.endswith(".cue") for p in exercises)
    assert cues == sum(
        len(json.loads(f.read_text())) for f in (copies.ROOT / copies.SEED / "exercises").glob("*.json")
    )


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("server/catalog/seed/exercises/x.json", '[{"slug": "a", "cue": "Prevents injury."}]', "[a].cue"),
        ("server/catalog/seed/conditions.json", '[{"code": "c", "label": "Heals back pain"}]', "[c].label"),
        ("docs/more.md", "# Title\n\nFine.\n\nSpeeds up\nrecovery.\n", "line 5"),
        ("server/templates/a.html", "<p>Fixes <b>your</b></p><p>Fixes your posture.</p>", "text"),
        (
            "model_export/wording.py",
            '"""Prevents injury, says a docstring."""\nA = "Prevents injury."\n',
            "line 2",
        ),
        ("mobile/src/a.ts", "// it's fine\nconst a = 'Prevents ' + `Cures back pain`;\n", "line 2"),
    ],
)
def test_a_claim_is_found_wherever_it_stands(tmp_path, file, text, place):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    (found,) = copies.findings(copies.everything(tmp_path))
    assert (found.copy.file, found.copy.place) == (file, place)
    assert found.claim.words in text
    assert json.loads(json.dumps(found.record()))["rule"] == found.claim.rule


def test_scripts_and_template_code_are_no_copy(tmp_path):
    page = tmp_path / "server" / "templates" / "a.html"
    page.parent.mkdir(parents=True)
    page.write_text('<script>var a = "prevents injury";</script>{# prevents injury #}<p title="x">Fine.</p>')
    assert list(copies.findings(copies.everything(tmp_path))) == []


def test_a_claim_rules_own_words_are_not_held_against_it(tmp_path):
    rules = tmp_path / copies.SEED / "rules.json"
    rules.parent.mkdir(parents=True)
    rules.write_text(
        json.dumps([{"id": "N02", "use": "claim", "rule": "11+ cuts football injuries about 39 %."}])
    )
    assert list(copies.findings(copies.everything(tmp_path))) == []
    rules.write_text(
        json.dumps([{"id": "N02", "use": "score", "rule": "11+ cuts football injuries about 39 %."}])
    )
    assert len(list(copies.findings(copies.everything(tmp_path)))) == 1
