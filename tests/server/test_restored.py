"""`python -m server restored`: a database that was put back begins again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from server import __main__ as commands
from server.accounts.people import create_account
from server.accounts.tokens import new_family
from server.restored import begin_again, sign_out_all
from sync.releases import current_release
from sync.store import read_head

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def owner(limber: Any) -> Engine:
    """An engine of the tables' owner: row-level security hides the accounts' streams from the server's role."""
    return create_engine(limber.settings.database_url, poolclass=NullPool)


def add_person(limber: Any) -> Any:
    with owner(limber).begin() as conn:
        whom = create_account(
            conn, email="mia@example.org", password_hash=None, name="Mia", verified_at=NOW, now=NOW
        )
        new_family(
            conn,
            whom=whom,
            client_id="limber-app",
            scope="sync",
            auth_time=NOW,
            amr=["pwd"],
            now=NOW,
            refresh=True,
        )
    return whom


def epochs(limber: Any) -> dict[str, str]:
    with owner(limber).connect() as conn:
        rows = conn.execute(text("SELECT stream, epoch FROM stream")).all()
    return {row.stream: row.epoch for row in rows}


def test_every_stream_gets_another_epoch_and_the_catalogue_is_released_in_its_own(limber: Any) -> None:
    add_person(limber)
    before = epochs(limber)
    with owner(limber).begin() as conn:
        done = begin_again(conn, limber.store, limber.key, NOW)
    after = epochs(limber)
    assert done.streams == len(before) == 2
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)
    with owner(limber).connect() as conn:
        release = current_release(conn, "catalog")
        assert release is not None
        assert (
            (release.number, release.manifest["manifest"]["epoch"])
            == (2, after["catalog"])
            == (done.release, after["catalog"])
        )


def test_a_reader_from_before_is_told_to_begin_again(limber: Any) -> None:
    before = limber.client.get("/v1/catalog/snapshot").json["cursor"]
    with owner(limber).begin() as conn:
        begin_again(conn, limber.store, limber.key, NOW)
    answer = limber.client.get("/v1/catalog/changes", query_string={"since": before}).json
    assert answer["resync"] == "epoch"
    assert answer["snapshot"]["release"] == 2


def test_all_or_nothing(limber: Any) -> None:
    before = epochs(limber)
    with owner(limber).begin() as conn:
        begin_again(conn, limber.store, limber.key, NOW)
        conn.rollback()
    assert epochs(limber) == before


def test_a_database_without_a_catalogue_is_no_problem(empty: Any) -> None:
    with owner(empty).begin() as conn:
        assert begin_again(conn, empty.store, empty.key, NOW).release is None
        assert read_head(conn, "catalog") is None


def test_everybody_signs_in_again(limber: Any) -> None:
    add_person(limber)
    with owner(limber).begin() as conn:
        assert sign_out_all(conn, NOW) == 1
        assert sign_out_all(conn, NOW) == 0


@pytest.mark.parametrize(
    ("options", "said"), [([], "1 sign-ins"), (["--keep-sign-ins"], "sign-ins were kept")]
)
def test_the_command_does_it_and_says_so(
    limber: Any,
    options: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_person(limber)
    settings = limber.settings
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LIMBER_DATA", str(settings.data))
    monkeypatch.setenv("LIMBER_OBJECTS", settings.objects)
    monkeypatch.setenv("LIMBER_SIGNING_KEY", str(settings.signing_key))
    assert commands.main(["restored", *options]) == 0
    out = capsys.readouterr().out
    assert "2 streams have a new epoch" in out
    assert "release 2" in out
    assert said in out
    with owner(limber).connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM audit WHERE action = 'restored'")).scalar_one() == 1
