"""L03: the knee-to-wall test."""

import pytest

from model_export.evidence.assessment import asymmetric, changed, deficits


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (10, 10, []),
        (10, 11.9, []),
        (10, 12, ["ankle.dorsiflexion"]),
        (12.1, 10.1, ["ankle.dorsiflexion"]),
        (0, 2, ["ankle.dorsiflexion"]),
    ],
)
def test_a_difference_of_two_centimetres_is_a_deficit(left, right, found):
    assert deficits(left, right) == found
    assert asymmetric(right, left) is bool(found)


def test_less_than_two_centimetres_between_two_days_is_noise():
    assert [changed(10, after) for after in (8, 8.5, 10, 11.9, 12)] == [-1, 0, 0, 0, 1]


@pytest.mark.parametrize("distance", [-0.1, 31, float("nan")])
def test_a_distance_that_cannot_be_is_refused_and_the_side_named(distance):
    with pytest.raises(ValueError, match="right"):
        deficits(10, distance)


def test_a_deficit_is_what_a_request_takes(catalog):
    assert set(deficits(10, 13)) <= set(catalog.codes("moves"))
