"""Everything that people are asked is explained, in every language; what is wrong with it is found and named."""

import copy
import re
from statistics import mean
from typing import Any

import pytest

from server.catalog.abouts import KINDS, check_form
from server.catalog.claims import LANGUAGES, forbidden_claims
from server.catalog.content import read_seed, validate
from server.catalog.guides import reading_ease

CATALOG = read_seed()
ABOUTS = {record_id: data for (collection, record_id), data in CATALOG.items() if collection == "about"}
CODES = {
    name: [code for collection, code in CATALOG if collection == name] for name in ("activity", "condition")
} | {name: CATALOG["vocabulary", name]["order"] for name in ("hazards", "constraints", "red_flags", "rules")}
RULES = CATALOG["vocabulary", "rules"]["entries"]
CONDITIONS = {code: CATALOG["condition", code] for code in CODES["condition"]}

# How a condition's `why` names each hazard.
NAMED = {
    "en": {
        "impact": r"(?<!high )\bjumps|\bhops|jogging",
        "impact_high": r"high jumps|sprints",
        "ballistic": r"fast swings",
        "high_intensity": r"hard effort",
        "rapid_position_change": r"quick ups and downs",
        "floor_transfer": r"down to the floor",
        "single_leg": r"\bone leg\b",
        "kneeling": r"\bkneeling",
        "supine": r"lying on the back",
        "prone": r"lying on the back or front",
        "head_below_heart": r"head lower|low head",
        "isometric_hold": r"long hard holds",
        "core_high": r"strong belly tension",
        "breath_hold": r"holding the breath",
        "travel": r"room to move along",
        "direct_pressure": r"\broller",
        "spine_flex_end": r"rounding the back to its end",
        "spine_flex_load": r"rounding the back .*under load",
        "spine_ext_end": r"arching the back",
        "spine_rot_end": r"twisting the back",
        "neck_end_range": r"the neck at its end",
        "overhead": r"arms overhead",
        "overhead_load": r"weight overhead",
        "shoulder_abd_er": r"arm out and turned back",
        "shoulder_ext_end": r"arm far behind",
        "shoulder_ir_end": r"arm turned far in",
        "shoulder_wb": r"weight on the arms",
        "wrist_ext_wb": r"weight on bent wrists",
        "wrist_end": r"wrist at its end",
        "grip": r"\bgrip\b",
        "hip_flex_end": r"hip bent far",
        "hip_add_ir_end": r"leg across",
        "hip_abd_end": r"legs wide",
        "hip_ext_end": r"leg far back",
        "hamstring_end": r"back of the thigh",
        "adductor_end": r"inner thigh",
        "quad_end": r"knee bent to its end",
        "knee_deep_flex": r"deep knee bends",
        "knee_pivot": r"planted foot",
        "calf_end": r"ankle bent to its end",
        "ankle_inv_end": r"ankle turned in",
    },
    "de": {
        "impact": r"hüpfen|traben",
        "impact_high": r"hohe sprünge|sprints",
        "ballistic": r"schnelles schwingen",
        "high_intensity": r"harte anstrengung",
        "rapid_position_change": r"schnelles auf und ab",
        "floor_transfer": r"auf den boden kommen",
        "single_leg": r"auf einem bein|\bein bein\b",
        "kneeling": r"\bknien\b",
        "supine": r"rücken- und bauchlage",
        "prone": r"bauchlage",
        "head_below_heart": r"kopf tiefer|kopf unten",
        "isometric_hold": r"hartes halten",
        "core_high": r"starke bauchspannung",
        "breath_hold": r"luftanhalten",
        "travel": r"platz zum",
        "direct_pressure": r"\brollen?\b",
        "spine_flex_end": r"ganz runden rücken",
        "spine_flex_load": r"runden rücken unter last|auch unter last",
        "spine_ext_end": r"hohlkreuz",
        "spine_rot_end": r"verdrehten rücken|verdrehen",
        "neck_end_range": r"nackens bis ans ende",
        "overhead": r"arme über dem kopf",
        "overhead_load": r"gewicht über dem kopf",
        "shoulder_abd_er": r"nach hinten gedreht",
        "shoulder_ext_end": r"arme weit hinter",
        "shoulder_ir_end": r"weit nach innen gedrehte arme",
        "shoulder_wb": r"gewicht auf den armen",
        "wrist_ext_wb": r"gewicht auf gebeugten",
        "wrist_end": r"ganz gebeugte handgelenke",
        "grip": r"greifen",
        "hip_flex_end": r"weit gebeugte hüften",
        "hip_add_ir_end": r"beine über die mitte",
        "hip_abd_end": r"gespreizte beine",
        "hip_ext_end": r"beine weit nach hinten",
        "hamstring_end": r"hintere oberschenkel",
        "adductor_end": r"innere oberschenkel",
        "quad_end": r"ganz gebeugte knie",
        "knee_deep_flex": r"tiefe kniebeugen",
        "knee_pivot": r"auf dem standfuß",
        "calf_end": r"ganz gebeugte sprunggelenke",
        "ankle_inv_end": r"nach innen gekippte füße",
    },
}
LITTLE = {"en": "small part", "de": "kleine"}
# Eighteen joints one by one are no sentence for people; the words stand for all of them.
EVERY_END = {"en": "to the end of a joint", "de": "Bewegungen bis ans Ende vom Nacken bis zum Fuß"}
EMERGENCIES = (
    "chest_pain", "syncope", "dyspnoea_rest", "palpitations", "cauda_equina", "head_injury", "preg_bleeding",
    "thunderclap",
)  # fmt: skip


def words(kind: str, code: str, language: str) -> dict[str, str]:
    text: dict[str, str] = ABOUTS[f"{kind}.{code}"]["text"][language]
    return text


def said(why: str, language: str) -> tuple[set[str], set[str]]:
    """The hazards that a `why` says are left out and those that it says are kept few."""
    out, few = set[str](), set[str]()
    for sentence in re.split(r"[.;]\s", why):
        named = {code for code, form in NAMED[language].items() if re.search(form, sentence.lower())}
        if EVERY_END[language] in sentence:
            named |= {code for code in CODES["hazards"] if code.endswith("_end") or code == "neck_end_range"}
        (few if LITTLE[language] in sentence else out).update(named)
    return out, few


def wrong(record_id: str, path: str, value: Any) -> list[str]:
    """The fields that are found wrong in a good document with one value changed; `...` deletes."""
    document = copy.deepcopy(ABOUTS[record_id])
    *parents, last = path.split(".")
    target: Any = document
    for name in parents:
        target = target[name]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return [field for field, _ in check_form(record_id, document, CODES)]


@pytest.mark.parametrize(
    ("kind", "collection"), [item for item in KINDS.items() if item[0] not in ("rule", "source")]
)
def test_everything_that_people_are_asked_is_explained(kind, collection):
    assert [data["code"] for data in ABOUTS.values() if data["kind"] == kind] != []
    assert {data["code"] for data in ABOUTS.values() if data["kind"] == kind} == set(CODES[collection])


def test_a_rule_that_people_are_shown_names_its_works_and_only_those_of_its_source():
    shown = [data for data in ABOUTS.values() if data["kind"] == "rule"]
    assert len(shown) >= 24
    evidence = " ".join(entry["source"] for entry in RULES.values())
    for data in shown:
        rule = RULES[data["code"]]
        assert rule["confidence"] != "M", "its source was not read again"
        assert data["citations"], data["code"]
        for work in data["citations"]:
            year = re.search(r"\((\d{4})\)", work)
            if year is None:
                assert "consensus" in rule["source"]
                assert "onsensus" in work
                continue
            author = work.split(" (")[0].split(" ")[0].rstrip(",")
            name = "ACSM" if work.startswith("American College") else author
            assert name in rule["source"], (data["code"], work)
            assert year[1] in evidence, work
            pages = re.search(r"\d+:e?\d+(-\d+)?", work)
            assert pages is None or pages[0] in evidence, work


def test_what_is_not_a_rule_cites_nothing():
    assert {data["kind"] for data in ABOUTS.values() if "citations" in data} == {"rule"}


def test_the_words_pass_the_same_check_that_editors_meet():
    assert [problem for problem in validate(CATALOG) if problem.where.startswith("about/")] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES["condition"])
def test_a_condition_says_just_what_it_leaves_out_and_what_it_keeps_few(code, language):
    out, few = said(words("condition", code, language)["why"], language)
    assert (sorted(out), sorted(few)) == (
        sorted(CONDITIONS[code]["exclude"]),
        sorted(CONDITIONS[code]["limit"]),
    )


def test_each_hazard_has_words_that_the_check_of_conditions_knows():
    for language in LANGUAGES:
        assert set(NAMED[language]) == set(CODES["hazards"])


@pytest.mark.parametrize("code", CODES["red_flags"])
def test_a_warning_sign_says_that_there_is_no_routine_and_whom_to_call(code):
    english, german = (words("red_flag", code, language)["why"] for language in LANGUAGES)
    assert "no routine" in english
    assert "keine Übungen" in german
    if code in EMERGENCIES:
        assert "emergency number at once" in english
        assert "sofort den Notruf" in german
    else:
        assert "doctor" in english
        assert "Arzt" in german


def test_a_hazard_is_named_within_a_sentence_and_anything_else_at_its_start():
    for data in ABOUTS.values():
        label = data["text"]["en"]["label"]
        assert label[0].islower() == (data["kind"] == "hazard"), label


def test_every_text_is_whole_sentences():
    for record_id, data in ABOUTS.items():
        for language in LANGUAGES:
            for field in ("about", "why"):
                text = data["text"][language][field]
                assert text[0].isupper(), (record_id, language, field)
                assert text.endswith("."), (record_id, language, field)
                assert not re.search(r"\.\s[a-zäöü]", text), (record_id, language, field)
                for sentence in re.split(r"[.;:]\s+", text):
                    assert len(sentence.split()) <= 34, (record_id, sentence)


@pytest.mark.parametrize(("language", "least"), [("en", 85), ("de", 70)])
def test_twelve_year_olds_can_read_it(language, least):
    eases = [
        reading_ease([data["text"][language][field] for field in ("about", "why")], language)
        for data in ABOUTS.values()
    ]
    assert mean(eases) >= least


def test_the_tone_is_calm_and_close():
    for record_id, data in ABOUTS.items():
        english = " ".join(data["text"]["en"].values()).lower()
        german = " ".join(data["text"]["de"].values())
        for hard in ("must ", "never forget", "wrong", "forbidden", "dangerous", "patient", "contraindicat"):
            assert hard not in english, (record_id, hard)
        # "Sie brauchen" may be they; somebody spoken to as Sie is asked or told something.
        assert not re.search(
            r"\b(haben|können|sollten|müssen|bitte|wenn) Sie\b|\bIhr(e[nmrs]?)?\b", german
        ), record_id
        assert not re.search(r"verboten|gefährlich", german), record_id


def test_what_we_add_to_a_name_claims_nothing():
    # A name may say that something is hurt; the rest need not.
    for record_id, data in ABOUTS.items():
        for language in LANGUAGES:
            for field in ("about", "why"):
                found = forbidden_claims(data["text"][language][field], language)
                assert [claim for claim in found if not claim.lower().startswith("verletz")] == [], record_id


def test_no_two_are_explained_alike():
    for language in LANGUAGES:
        for field in ("about", "label"):
            texts = [data["text"][language][field].casefold() for data in ABOUTS.values()]
            assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("record_id", "path", "value", "field"),
    [
        ("condition.glaucoma", "kind", "muscle", "kind"),
        ("condition.glaucoma", "kind", 7, "kind"),
        ("condition.glaucoma", "code", "vertigo", "code"),
        ("condition.glaucoma", "code", "no_such", "code"),
        ("condition.glaucoma", "text", "words", "text"),
        ("condition.glaucoma", "text.de", ..., "text.de"),
        ("condition.glaucoma", "text.fr", {}, "text.fr"),
        ("condition.glaucoma", "text.en", "words", "text.en"),
        ("condition.glaucoma", "text.en.label", ..., "text.en.label"),
        ("condition.glaucoma", "text.en.name", "Glaucoma", "text.en.name"),
        ("condition.glaucoma", "text.en.label", "G", "text.en.label"),
        ("condition.glaucoma", "text.en.about", "Too short.", "text.en.about"),
        ("condition.glaucoma", "text.de.why", "w" * 241, "text.de.why"),
        ("condition.glaucoma", "text.de.why", "Wir lassen das alles einfach weg!", "text.de.why"),
        ("condition.glaucoma", "text.de.why", "Wir lassen das  alles einfach weg.", "text.de.why"),
        ("activity.swim", "text.en.why", "A warm-up prevents injuries of all kinds.", "text.en.why"),
        ("activity.swim", "text.de.why", "Aufwärmen beugt Verletzungen sicher vor.", "text.de.why"),
        ("rule.F01", "citations", [], "citations"),
        ("rule.F01", "citations", "Garber 2011", "citations"),
        ("rule.F01", "citations", [f"Work {n}" for n in range(9)], "citations"),
        ("rule.F01", "extra", 1, "extra"),
    ],
)
def test_each_mistake_is_found_and_its_field_named(record_id, path, value, field):
    assert field in wrong(record_id, path, value)


def test_words_that_nobody_of_twelve_reads_are_refused():
    dense = "Musculoskeletal contraindications necessitate individualised physiological considerations."
    assert wrong("condition.glaucoma", "text.en", {"label": "Glaucoma", "about": dense, "why": dense}) == [
        "text.en"
    ]


def test_a_code_that_the_catalogue_lacks_is_a_problem():
    stranger = {**ABOUTS["condition.glaucoma"], "code": "nobody"}
    found = validate({**CATALOG, ("about", "condition.nobody"): stranger})
    assert [problem.where for problem in found] == ["about/condition.nobody.code"]


def test_the_check_of_conditions_sees_a_hazard_too_many_and_tells_left_out_from_few():
    why = "We leave out fast swings and the leg across. Hops and jogging are kept to a small part."
    assert said(why, "en") == ({"ballistic", "hip_add_ir_end"}, {"impact"})
    warum = "Wir lassen schnelles Schwingen weg. Hüpfen und Knien sind nur ein kleiner Teil."
    assert said(warum, "de") == ({"ballistic"}, {"impact", "kneeling"})
