"""Digests do not depend on spelling, and documents hold only what every reader keeps exactly."""

import hashlib
import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from sync.canonical import canonical, catalog_digest, check_document, document_digest, sha256_hex

KEY = ("exercise", "wall_sit")
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(text, values, max_size=4)


def test_canonical_json_is_that_of_rfc_8785() -> None:
    # The example of RFC 8785, section 3.2.2.
    given_ = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(given_) == expected.encode()


@given(documents)
def test_a_digest_survives_another_spelling_of_the_same_document(document: dict[str, Any]) -> None:
    check_document(KEY, document)
    again = json.loads(json.dumps(dict(reversed(document.items())), indent=3))
    assert document_digest(again) == document_digest(document)
    assert document_digest(document) == hashlib.sha256(canonical(document)).hexdigest()


def test_the_catalogue_digest_is_two_levels_of_sha256() -> None:
    digests = {("b", "2"): "22", ("a", "1"): "11", ("a", "0"): "00"}
    assert catalog_digest(digests) == sha256_hex(b'{"a":{"0":"00","1":"11"},"b":{"2":"22"}}')
    assert catalog_digest({}) == sha256_hex(b"{}")


@given(st.dictionaries(st.tuples(text, text), text, min_size=1, max_size=5), st.data())
def test_any_changed_document_changes_the_catalogue_digest(
    digests: dict[Any, str], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(digests)))
    assert catalog_digest({**digests, key: digests[key] + "x"}) != catalog_digest(digests)
    assert catalog_digest({k: v for k, v in digests.items() if k != key}) != catalog_digest(digests)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"cue": "a\x00b"}, "cue holds a NUL character"),
        ({"cue": "a\ud800b"}, "cue holds a lone surrogate"),
        (
            {"dose": {"reps": ["x", {"\udfff": 1}]}},
            "dose.reps[1] has the key '\\udfff', which holds a lone surrogate",
        ),
        ({"dose": {"n\x00": 1}}, "dose has the key 'n\\x00', which holds a NUL character"),
        ({"met": math.nan}, "met is not a number that JSON keeps exactly"),
        ({"met": -math.inf}, "met is not a number that JSON keeps exactly"),
        ({"met": 2**53}, "met is not a number that JSON keeps exactly"),
        ({"met": 1e22}, "met is not a number that JSON keeps exactly"),
        ({"phases": {1, 2}}, "phases is a set, not JSON"),
        ({"cue": b"bytes"}, "cue is a bytes, not JSON"),
        ({"dose": {1: "one"}}, "dose has the key 1, which is not text"),
        ([1], "must be an object, not list"),
        ("text", "must be an object, not str"),
    ],
)
def test_what_cannot_be_kept_is_refused_naming_document_and_field(document: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"^document exercise/wall_sit: ") as caught:
        check_document(KEY, document)
    assert words in str(caught.value)


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    document: dict[str, Any] = {}
    for _ in range(5000):
        document = {"a": document}
    with pytest.raises(ValueError, match="nested deeper than 32"):
        check_document(KEY, document)


@pytest.mark.parametrize(
    "key", [("", "x"), ("a", ""), ("a", "x" * 201), ("a", "x\x00"), ("a", "\ud800"), ("a b", "x")]
)
def test_a_key_is_a_short_plain_name(key: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        check_document(key, {})


ANY_TEXT = st.text(st.characters(blacklist_categories=("Cs",)))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | ANY_TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(ANY_JSON)
@example({"b": 1, "a": "\x7f\x1b\b\t\n\f\r\"\\/<>&'"})
@example({"é": 1, "z": 2, "\U0001f600": 3, "\ufb33": 4})
@example([1.0, -0.0, 1e21, 1e-7, 0.1, 123456789012345680.0, 2**53 - 1])
@example([4.5, -0.35, 0.1, 1e-5, 0.00012, 999999999999.5, 1.5e300, "Fünf \u2028 \ufffd\ue000"])
@example("1.5 and 2e5 in text")
def test_the_quick_way_writes_the_very_bytes_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [math.nan, {"a": None, "b": [1.5, -math.inf]}, [(math.inf,)], {"a": {"b": math.nan}}]
)
def test_what_is_no_number_of_json_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(ValueError, match="not representable"):
        canonical(value)
