"""`python -m server jobs` says what is wrong before it does anything."""

from __future__ import annotations

import pytest

from server.__main__ import main


@pytest.mark.parametrize("seconds", ["0", "-1", "601", "nan"])
def test_an_impossible_heartbeat_is_named(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", f"--heartbeat={seconds}"]) == 1
    assert "server jobs: --heartbeat: must be between 0.1 and 600 seconds" in capsys.readouterr().err


def test_without_a_database_it_says_which_setting_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["jobs"]) == 1
    assert "server jobs: DATABASE_URL: not set" in capsys.readouterr().err
