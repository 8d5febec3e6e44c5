"""L01: session-RPE."""

import pytest

from model_export.evidence.load import session_load, total_load


def test_load_is_effort_times_minutes():
    assert session_load(4, 720) == 48
    assert session_load(0, 720) == 0
    assert session_load(10, 90) == 15


@pytest.mark.parametrize("rpe", [-1, 10.5, float("nan")])
def test_an_effort_off_the_scale_is_refused(rpe):
    with pytest.raises(ValueError, match="rpe must be from 0 to 10"):
        session_load(rpe, 600)


def test_a_negative_time_is_refused():
    with pytest.raises(ValueError, match="completed_s"):
        session_load(5, -1)


@pytest.mark.parametrize(
    ("after", "valid"), [(59, False), (60, True), (1800, True), (1_209_600, True), (1_209_601, False)]
)
def test_an_effort_counts_from_a_minute_to_fourteen_days_after(after, valid):
    if valid:
        assert session_load(5, 600, after) == 50
    else:
        with pytest.raises(ValueError, match="not valid"):
            session_load(5, 600, after)


def test_sessions_without_an_effort_count_nothing():
    logged = [
        {"rpe": 4, "completed_s": 600},
        {"rpe": None, "completed_s": 900},
        {"rpe": 6, "completed_s": 300},
    ]
    assert total_load(logged) == 70
    assert total_load([]) == 0
