"""`python -m server`: roles, clients and keys from the command line."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from server.__main__ import main
from server.accounts import clients, people
from server.auth import create_token_key, load_keys
from server.settings import Settings

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Say:
    """`say("role", "list")`: exit status, stdout and stderr."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LIMBER_DATA", str(tmp_path))
    create_token_key(Settings(data=tmp_path).token_key)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            status = main(list(arguments))
        except SystemExit as end:
            status = int(end.code or 0)
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


@pytest.fixture
def mia(database_url: str, tmp_path: Path) -> str:
    """Address of an account."""
    engine = create_engine(database_url)
    now = datetime.now(UTC)
    with engine.begin() as conn:
        people.create_account(
            conn, email="mia@example.org", password_hash=None, name="Mia", verified_at=now, now=now,

        )  # fmt: skip
    engine.dispose()
    return "mia@example.org"


def test_a_role_is_given_and_taken_and_that_is_written_down(say: Say, mia: str, engine: Engine) -> None:
    status, out, _ = say("role", "grant", "Mia@Example.org", "ml_engineer")
    assert (status, out) == (0, "Mia@Example.org now has the roles member, ml_engineer.\n")
    assert "already" in say("role", "grant", mia, "ml_engineer")[1]
    assert say("role", "list")[1] == "mia@example.org\tmember ml_engineer\n"
    assert say("role", "revoke", mia, "ml_engineer")[0] == 0
    assert "Nobody" in say("role", "list")[1]
    with engine.connect() as conn:
        rows = conn.execute(text("SELECT actor, action, subject, details::text FROM audit ORDER BY id")).all()
    assert [row.action for row in rows] == ["grant role", "revoke role"]
    assert all(row.actor.startswith("operator") for row in rows)
    assert "mia@" not in str(rows), "the trail outlives the account"


def test_what_cannot_be_done_is_one_line(say: Say, mia: str) -> None:
    status, out, err = say("role", "grant", "nobody@example.org", "editor")
    assert (status, out) == (1, "")
    assert err == "server role grant: there is no account with the address nobody@example.org\n"
    assert say("role", "grant", mia, "root")[0] == 2
    assert say("client", "remove", "limber-app")[2].startswith(
        "server client remove: id: there is no registered"
    )


def test_a_confidential_client_is_shown_its_secret_once(say: Say, engine: Engine) -> None:
    status, out, _ = say(
        "client", "add", "Stretchr", "--id", "stretchr", "--confidential", "--scope", "openid", "--scope", "sync",
        "--redirect-uri", "https://stretchr.example/cb",
    )  # fmt: skip
    assert status == 0
    secret = out.split("client_secret")[1].split()[0]
    with engine.connect() as conn:
        found = clients.find_client(conn, Settings(), "stretchr")
    assert found is not None
    assert found.check_client_secret(secret)
    listed = say("client", "list")[1]
    assert secret not in listed
    assert "stretchr\tStretchr\tconfidential" in listed
    assert "limber-app\tLimber\tbuilt in" in listed
    assert say("client", "remove", "stretchr")[0] == 0
    assert "stretchr" not in say("client", "list")[1]


BAD = {
    "redirect-uri": ["--redirect-uri", "http://stretchr.example/cb"],
    "redirect-uri: at least one": [],
    "id": ["--id", "Stretchr!", "--redirect-uri", "https://a.example/"],
    "id: there is": ["--id", "limber-cli", "--redirect-uri", "https://a.example/"],
    "introspects": ["--introspects", "--redirect-uri", "https://a.example/"],
    "post-logout-redirect-uri": [
        "--redirect-uri", "https://a.example/", "--post-logout-redirect-uri", "javascript:alert(1)"
    ],
}  # fmt: skip


@pytest.mark.parametrize("field", BAD)
def test_a_client_that_cannot_be_is_told_which_field(say: Say, field: str) -> None:
    status, _, err = say("client", "add", "Stretchr", *BAD[field])
    assert (status, err.startswith(f"server client add: {field}")) == (1, True), err


@pytest.mark.parametrize(
    "uri",
    ["http://a.example/", "https://a.example/#x", "https://user@a.example/", "javascript:alert(1)", "limber://auth",
     "data:text/html,x", "file:///etc/passwd", "https://a.example/é", "//a.example", "https://", "http://localhost/cb",
     "https://*.a.example/", "com.example.app", "com.example.app:///cb", "https://a.example/\n",
     "https://a.example/" + "x" * 1000],
)  # fmt: skip
def test_an_address_that_could_be_anybodys_is_not_registered(uri: str) -> None:
    with pytest.raises(clients.ClientInvalid, match="redirect-uri"):
        clients.check_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.example/cb?x=1",
        "https://a.example",
        "http://127.0.0.1/cb",
        "http://[::1]/",
        "com.example.app:/cb",
    ],
)
def test_an_address_that_is_its_clients_is(uri: str) -> None:
    assert clients.check_redirect_uri(uri) == uri


def test_a_key_is_rotated(say: Say, tmp_path: Path) -> None:
    path = Settings(data=tmp_path).token_key
    before = load_keys(path).keys[0].kid
    status, out, _ = say("key", "rotate")
    assert status == 0
    assert str(before) in out
    keys = load_keys(path).keys
    assert [key.kid == before for key in keys] == [False, True]
    path.write_text("damaged")
    assert say("key", "rotate")[2].startswith(f"server key rotate: {path}")


@pytest.mark.parametrize("words", [[], ["role"], ["client"], ["key"], ["client", "add"]])
def test_help_is_real(say: Say, words: list[str]) -> None:
    status, out, _ = say(*words, "--help")
    assert (status, out.startswith("usage: python -m server")) == (0, True)
