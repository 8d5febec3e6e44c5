"""`python -m model_export publish …` as an engineer types it, against a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_export import bundle, verify
from model_export.__main__ import main
from sync.signing import load_key, public_entry
from tests.server.shipping import health_report, offered, released, sender

MODEL = str(bundle.FOLDER / "generator.onnx")


@pytest.fixture
def shell(limber: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Runs a command with a token and the server at hand."""
    monkeypatch.setattr("sync.transport.http_sender", lambda server: sender(limber))
    monkeypatch.setenv("LIMBER_TOKEN", limber.token("ml_engineer")["Authorization"].split()[1])
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        return main(list(arguments))

    return run


@pytest.fixture
def machine(limber: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the server's own machine."""
    monkeypatch.setenv("DATABASE_URL", limber.settings.database_url)
    monkeypatch.setenv("LIMBER_DATA", str(limber.settings.data))
    monkeypatch.setenv("LIMBER_SIGNING_KEY", str(limber.settings.signing_key))


@pytest.fixture
def proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The long gates pass at once: they have tests of their own."""
    monkeypatch.setattr(verify, "prove", lambda *_: verify.Tally(requests=1, times_ms=[1.0]))


def test_publish_promote_halt_and_status_one_after_the_other(
    limber: Any, shell: Callable[..., int], proved: None, capsys: pytest.CaptureFixture[str]
) -> None:
    released(limber, b"the one before", contract=2)
    assert shell("publish", MODEL, "--without-evaluation") == 0
    said = capsys.readouterr().out
    assert "pass  golden" in said
    assert "skip  cohorts" in said
    assert "release 2 of channel canary stands" in said
    assert shell("promote", "--percent", "10") == 1
    told = capsys.readouterr().err
    assert "devices reported 0 runs of it, 200 are asked for" in told
    assert "without an evaluation" in told
    assert shell("promote", "--percent", "10", "--force", "the first trial") == 0
    assert "release 3 of channel stable stands" in capsys.readouterr().out
    assert shell("halt", "3", "--reason", "it limps") == 0
    assert "release 4 of channel stable stands" in capsys.readouterr().out
    limber.client.post(
        "/v1/models/health", json=health_report(released(limber, b"x", contract=2), runs=5, completed=3)
    )
    capsys.readouterr()
    assert shell("status") == 0
    shown = capsys.readouterr().out
    for words in ("halted", "serving", "the first trial", "it limps", "≤ 5 ms", "100.00%", "3 → 4"):
        assert words in shown, shown
    assert shell("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["channels"][0]["channel"] == "stable"
    assert shell("rollback", "--reason", "rather not") == 0


def test_a_gate_that_fails_stops_the_upload(
    limber: Any, shell: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "generator.onnx").write_bytes(Path(MODEL).read_bytes()[:-10])
    (tmp_path / "golden.json").write_bytes(Path(MODEL).with_name("golden.json").read_bytes())
    assert shell("publish", "generator.onnx", "--without-evaluation") == 1
    said = capsys.readouterr()
    assert "FAIL  loads" in said.out or "FAIL  metadata" in said.out
    assert "not published: a gate failed" in said.err
    assert not list(limber.store.root.glob("models/*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["publish", "nowhere.onnx"], "nowhere.onnx is missing"),
        (["publish", MODEL, "--evaluation", "nowhere.json"], "no such file"),
        (["publish", MODEL, "--evaluation", "x", "--without-evaluation"], "choose one"),
        (["publish", MODEL, "--local", "--min-app", "1.0"], "need a server"),
        (["status", "--token-file", "nowhere"], "--token-file nowhere"),
        (["halt", "7", "--reason", "why not"], "no release 7"),
        (["rotate-key", "--new", "x", "--kms", "y"], "choose one"),
    ],
)
def test_a_command_that_cannot_go_on_says_why(
    shell: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert shell(*arguments) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_without_a_token_or_with_a_strangers_the_engineer_is_told_how_to_get_one(
    shell: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIMBER_TOKEN", "x.y.z")
    assert shell("status") == 1
    assert "python -m model_export token" in capsys.readouterr().err
    monkeypatch.delenv("LIMBER_TOKEN")
    assert shell("status") == 1
    assert "no access token" in capsys.readouterr().err


def test_a_server_that_is_away_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIMBER_TOKEN", "x.y.z")
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("model_export.shipping.client.TRIES", 2)
    assert main(["status", "--server", "http://127.0.0.1:9"]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert main(["status", "--server", "nowhere"]) == 1
    assert "--server" in capsys.readouterr().err


def test_a_minted_token_opens_the_door(
    limber: Any,
    shell: Callable[..., int],
    machine: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert shell("token", "--role", "ml_engineer", "--subject", "noor", "--minutes", "5") == 0
    monkeypatch.setenv("LIMBER_TOKEN", capsys.readouterr().out.strip())
    assert shell("status") == 0
    assert shell("token", "--role", "ml_engineer", "--minutes", "61") == 1
    assert "3600 seconds" in capsys.readouterr().err


def test_the_local_way_needs_no_server_and_the_bundle_is_written_when_asked(
    limber: Any, machine: None, proved: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["publish", MODEL, "--local", "--without-evaluation", "--channel", "stable"]
    assert main([*command, "--assets", str(tmp_path / "assets")]) == 0
    assert "Published model release 1 in channel stable" in capsys.readouterr().out
    assert offered(limber) == 1
    assert bundle.read(tmp_path / "assets").model == Path(MODEL).read_bytes()
    assert main(command) == 0
    assert "nothing published" in capsys.readouterr().out


def test_a_rotation_puts_the_new_key_where_the_old_one_was(
    limber: Any,
    machine: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = tmp_path / "keys" / "signing.pem"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(limber.settings.signing_key.read_bytes())
    monkeypatch.setenv("LIMBER_SIGNING_KEY", str(place))
    assert main(["rotate-key"]) == 0
    said = capsys.readouterr().out
    new = public_entry(load_key(place))["key_id"]
    old = public_entry(limber.key)["key_id"]
    assert f"key {new} signs from now on" in said
    assert place.with_name(f"signing-{old}.pem").exists()
    monkeypatch.setenv("LIMBER_SIGNING_KEY", str(place.with_name(f"signing-{old}.pem")))
    again = place.with_name("again.pem")
    again.write_bytes(place.read_bytes())
    assert main(["rotate-key", "--new", str(again)]) == 0  # as after a crash between database and file
    assert "was named before" in capsys.readouterr().out
