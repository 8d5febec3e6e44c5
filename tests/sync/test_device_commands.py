"""What `scripts/device` says of a person's records, and how signing in with it goes."""

import json
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import zstandard
from sqlalchemy import Connection

from tests.sync.accounts import TOKEN, AccountServer
from tests.sync.fakes import FakeServer, serving

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "device"
ACCOUNT = "0b5a7c0e-0000-7000-8000-000000000003"
Run = Callable[..., str]
ID_TOKEN = "e30.eyJzdWIiOiAiMGI1YTdjMGUtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAzIn0.x"


class Place:
    """A server with a catalogue, one account and somebody who confirms every code at once."""

    def __init__(self, conn: Connection) -> None:
        self.catalog, self.account = FakeServer(), AccountServer(conn, ACCOUNT)
        self.forms: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.answer = {"access_token": TOKEN, "refresh_token": "r-1", "expires_in": 600, "id_token": ID_TOKEN}

    def oauth(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        self.forms.append({"path": path, **form})
        if path == "/oauth/device_authorization":
            uri = {"verification_uri": "https://limber.example/device", "user_code": "BCDF-GHJK"}
            return 200, {**uri, "device_code": "d", "expires_in": 900, "interval": 0}
        if path == "/oauth/revoke":
            return 200, {}
        if form["grant_type"] == "refresh_token":
            return 400, {"error": "invalid_grant"}
        waited = sum(f.get("device_code") == "d" for f in self.forms) > 1
        return (200, self.answer) if waited else (400, {"error": "authorization_pending"})


@pytest.fixture
def place(conn: Connection) -> Place:
    return Place(conn)


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with place.lock:
                digest = self.path.startswith("/v1/sync/digest")
                answer = place.account("GET", self.path, self.titled(), None) if digest else place.catalog(
                    self.path, dict(self.headers)
                )  # fmt: skip
                self.give(answer.status, answer.read(1 << 24), answer.headers)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with place.lock:
                if self.path.startswith("/oauth"):
                    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                    status, said = place.oauth(self.path, form)
                    self.give(status, json.dumps(said).encode(), {})
                    return
                if self.headers.get("Content-Encoding") == "zstd":
                    body = zstandard.decompress(body)
                answer = place.account("POST", self.path, self.titled(), body)
                self.give(answer.status, answer.read(1 << 24), answer.headers)

        def titled(self) -> dict[str, str]:
            sent = {name.title(): value for name, value in self.headers.items()}
            return {name: value for name, value in sent.items() if name != "Content-Encoding"}

        def give(self, status: int, body: bytes, headers: Any) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as served_at:
        yield served_at


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """`run(*arguments, code=0)`: what the command prints, to stderr if it is to fail."""
    monkeypatch.setenv("LIMBER_NO_BOOTSTRAP", "1")
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("device_script", str(SCRIPT))
    spec = spec_from_loader("device_script", loader)
    assert spec is not None
    script = module_from_spec(spec)
    loader.exec_module(script)

    def run(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["scripts/device", *map(str, arguments)])
        try:
            ended = script.main()
        except SystemExit as error:  # argparse
            ended = error.code
        said = capsys.readouterr()
        assert ended == code, said.out + said.err
        return said.out + said.err

    yield run
    sys.modules.pop("device_lib", None)


def test_records_are_kept_and_shown_without_an_account(tmp_path: Path, run: Run) -> None:
    here = ("--dir", tmp_path / "phone")
    made = run("create", "routine", "title=Morgen", 'slots=["a", 1.5]', "favourite=true", *here).strip()
    run("edit", "profile", "me", "level=trained", *here)
    assert json.loads(run("list", "--json", *here)) == [
        {"collection": "profile", "id": "me", "data": {"level": "trained"}},
        {
            "collection": "routine",
            "id": made,
            "data": {"title": "Morgen", "slots": ["a", 1.5], "favourite": True},
        },
    ]
    assert 'title: "Morgen"' in run("list", "routine", *here)
    assert 'title="Morgen"' in run("outbox", *here)
    run("delete", "routine", made, *here)
    assert "No records." in run("list", "routine", *here)
    waiting = json.loads(run("outbox", "--json", *here))
    assert [entry["state"] for entry in waiting] == ["pending"] * 3
    assert waiting[-1]["delete"] is True
    status = run("status", *here)
    assert "none; what is written here stays here" in status
    assert "1, 3 changes to send, 0 refused" in status


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, run: Run) -> None:
    here = ("--dir", tmp_path / "phone")
    assert "is not NAME=VALUE" in run("create", "note", "x", *here, code=2)
    missing = "0b5a7c0e-0000-7000-8000-000000000009"
    assert f"there is no note/{missing}" in run("edit", "note", missing, "x=1", *here, code=1)
    assert "nobody is signed in" in run("logout", *here, code=1)
    assert "--server is needed" in run("sync", *here, code=2)
    assert "--server: 'ftp://x'" in run("login", "--server", "ftp://x", *here, code=2)
    assert "no refused change number 3" in run("outbox", "--drop", 3, *here, code=1)


def test_signing_in_sends_what_was_written_and_signing_out_keeps_or_removes_it(
    tmp_path: Path, place: Place, address: str, run: Run
) -> None:
    here = ("--dir", tmp_path / "phone")
    run("create", "note", "x=1", "--id", "n", *here)
    run("create", "note", "bad=1", "--id", "b", *here)
    said = run("login", "--server", address, *here)
    assert "Open https://limber.example/device in a browser and type the code BCDF-GHJK" in said
    assert f"Signed in as {ACCOUNT}. 2 changes" in said
    assert place.forms[0]["scope"] == "openid offline_access sync"
    assert stat.S_IMODE((tmp_path / "phone" / "account.json").stat().st_mode) == 0o600
    said = run("sync", *here)
    assert "Records:   1 change sent, 0 records came." in said
    assert "REFUSED: 1 change" in said
    assert place.account.state() == {("note", "n"): {"x": 1}}
    said = run("outbox", *here)
    assert "set.bad: This is bad. [invalid]" in said
    assert "--retry 2 sends it again, --drop 2 gives it up." in said
    run("outbox", "--retry", 2, *here)
    report = json.loads(run("sync", "--json", *here))
    assert (report["account"]["refused"], report["ok"]) == (1, True)
    assert "Nothing waits." in run("outbox", "--drop", 2, *here)
    assert f"Account:   {ACCOUNT}" in run("status", *here)
    assert "The records stay on this device." in run("logout", *here)
    assert place.forms[-1] == {
        "path": "/oauth/revoke", "token": "r-1", "token_type_hint": "refresh_token", "client_id": "limber-cli"
    }  # fmt: skip
    assert "x: 1" in run("list", *here)
    run("logout", "--remove", *here)
    assert "No records." in run("list", *here)


def test_another_persons_folder_is_refused(tmp_path: Path, place: Place, address: str, run: Run) -> None:
    from sync.device import Device

    Device(tmp_path / "phone").attach("somebody-else")
    here = ("--dir", tmp_path / "phone")
    assert "another account (somebody-else)" in run("login", "--server", address, *here, code=1)
    assert not (tmp_path / "phone" / "account.json").exists()
    run("login", "--server", address, "--discard", *here)


def test_tokens_are_shown_to_no_other_server(tmp_path: Path, place: Place, address: str, run: Run) -> None:
    here = ("--dir", tmp_path / "phone")
    run("login", "--server", address, *here)
    run("create", "note", "x=1", *here)
    other = address.replace("127.0.0.1", "localhost")
    report = json.loads(run("sync", "--server", other, "--json", *here))
    assert report["account"] is None
    assert place.account.requests == []


def test_a_sign_in_that_has_ended_is_told_and_the_changes_stay(
    tmp_path: Path, place: Place, address: str, run: Run
) -> None:
    here = ("--dir", tmp_path / "phone")
    place.answer["access_token"] = "not known any more"
    run("login", "--server", address, *here)
    run("create", "note", "x=1", *here)
    said = run("sync", *here, code=1)
    assert "NOT SYNCED: the sign-in has ended; sign in again." in said
    assert "Waiting on this device: 1 change." in said
