"""`python -m server master`: a new master key in place of an older one, and nothing that was sealed is lost."""

from pathlib import Path
from typing import Any

import pytest

from server.__main__ import main
from server.accounts import data_keys
from sync.sealing import create_master, load_master
from tests.accounts.data import fill, new_person, records


@pytest.fixture
def environment(empty: Any, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DATABASE_URL", empty.settings.require_database_url())
    monkeypatch.setenv("LIMBER_DATA", str(empty.settings.data))
    if not empty.settings.master_key.exists():
        create_master(empty.settings.master_key)
    return monkeypatch


def test_data_keys_are_wrapped_anew_and_open_what_they_sealed(
    empty: Any, environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = [new_person(empty, name) for name in ("Mia", "Tom")]
    for person in people:
        fill(person)
    before = [records(person.export()) for person in people]
    old = tmp_path / "older.key"
    empty.settings.master_key.rename(old)
    assert main(["master", "create"]) == 0
    data_keys.opened.clear()
    assert people[0].call("GET", "/v1/account/export").status_code == 503
    assert main(["master", "rewrap", "--from-file", str(old)]) == 0
    assert "2 data keys are wrapped by file:" in capsys.readouterr().out
    old.unlink()
    assert [records(person.export()) for person in people] == before
    ((row,),) = people[0].see("SELECT master FROM account_key")
    assert row == load_master(empty.settings.master_key).name


def test_it_can_be_run_again(
    empty: Any, environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.key"
    create_master(other)
    for _ in range(2):
        assert main(["master", "rewrap", "--from-file", str(other)]) == 0
        assert capsys.readouterr().out.startswith("0 data keys")


@pytest.mark.parametrize("wrong", ["the same", "missing", "no key"])
def test_a_master_key_that_cannot_be_the_older_one_is_told(
    empty: Any,
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: str,
) -> None:
    path = {"the same": empty.settings.master_key, "missing": tmp_path / "x", "no key": tmp_path / "y"}[wrong]
    (tmp_path / "y").write_text("hello")
    assert main(["master", "rewrap", "--from-file", str(path)]) == 1
    assert capsys.readouterr().err.startswith("server master rewrap: ")


def test_an_existing_master_key_is_never_replaced(empty: Any, environment: pytest.MonkeyPatch) -> None:
    before = empty.settings.master_key.read_bytes()
    assert main(["master", "create"]) == 1
    assert empty.settings.master_key.read_bytes() == before
