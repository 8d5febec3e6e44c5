"""What `scripts/device` says and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.device import Device
from sync.signing import trust_document
from tests.sync.fakes import NOW, FakeServer, catalogue, no_check, serving

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "device"


@pytest.fixture
def address(server: FakeServer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            response = server(self.path, dict(self.headers))
            body = response.read(1 << 24)
            self.send_response(response.status)
            for name, value in {**response.headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as served_at:
        yield served_at


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LIMBER_NO_BOOTSTRAP": "1"}
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done


def test_sync_tells_in_plain_words_what_came(tmp_path: Path, server: FakeServer, address: str) -> None:
    first = run("sync", "--server", address, "--dir", tmp_path / "phone")
    assert first.returncode == 0
    assert "release 1: 10 documents changed" in first.stdout
    key_id = trust_document(server.signer)["keys"][0]["key_id"]
    assert f"key {key_id} is trusted from now on" in first.stdout
    assert "none fits this device" in first.stdout
    server.publish(catalogue(12, revision=2))
    later = json.loads(run("sync", "--server", address, "--dir", tmp_path / "phone", "--json").stdout)
    assert (later["ok"], later["catalog"]["release"], later["catalog"]["changed"]) == (True, 2, 12)
    status = run("status", "--dir", tmp_path / "phone")
    assert "release 2, 12 documents" in status.stdout
    assert key_id in status.stdout
    assert json.loads(run("status", "--dir", tmp_path / "phone", "--json").stdout)["release"] == 2


def test_a_model_that_is_none_is_refused_and_sync_fails(
    tmp_path: Path, server: FakeServer, address: str
) -> None:
    server.publish_model(b"this is no ONNX file", 1, expires_at="2999-01-01T00:00:00Z")
    done = run("sync", "--server", address, "--dir", tmp_path)
    assert done.returncode == 1
    assert "golden cases" in done.stdout
    assert "FAILED" in done.stdout


def test_a_trust_file_that_does_not_fit_fails_in_words(tmp_path: Path, address: str) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(trust_document(Ed25519PrivateKey.generate())))
    done = run("sync", "--server", address, "--dir", tmp_path / "phone", "--trust", trust)
    assert done.returncode == 1
    assert "not trusted" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["status", "--dir", "nowhere"], 1, "holds no replica yet; sync it first"),
        (["routine", "--dir", "nowhere", "--kind", "warmup", "--minutes", "12"], 1, "sync it first"),
        (["routine", "--dir", "nowhere", "--kind", "warmup", "--minutes", "soon"], 2, "--minutes"),
        (["routine", "--dir", "nowhere", "--kind", "warmup", "--minutes", "nan"], 2, "--minutes"),
        (["routine", "--dir", "nowhere", "--minutes", "12"], 2, "--kind"),
        (["routine", "--dir", "x", "--kind", "warmup", "--minutes", "9", "--age", "old"], 2, "--age"),
        (["sync", "--dir", "nowhere", "--server", "somewhere"], 2, "--server"),
        (
            ["sync", "--dir", "nowhere", "--server", "http://127.0.0.1:9", "--trust", "none"],
            2,
            "--trust: none",
        ),
        (["dance"], 2, "dance"),
        ([], 2, "required"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = run(*(str(tmp_path / a) if a == "nowhere" else a for a in arguments))
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    done = run("sync", "--dir", tmp_path, "--server", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "cannot be reached" in done.stdout


# From here on the generator is played: what matters is what the script hands to it, and what it makes of the answer.


class Refusal(ValueError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("LIMBER_NO_BOOTSTRAP", "1")
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    loader = SourceFileLoader("device_script", str(SCRIPT))
    spec = spec_from_loader("device_script", loader)
    assert spec is not None
    module = module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    return module


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands in for the generator; keeps what it was asked, and does what `answer` says."""
    played: dict[str, Any] = {"answer": lambda model: {"status": "ok", "model": model}}

    def generate(model: str, catalog: Any, payload: dict[str, Any]) -> Any:
        played["payload"], played["catalog"] = payload, catalog
        return played["answer"](model)

    runtime = SimpleNamespace(
        Generator=SimpleNamespace(load=lambda path: path.read_bytes().decode()),
        Catalog=SimpleNamespace(from_documents=lambda documents, release: (release, len(list(documents)))),
        RequestError=Refusal,
        UnsafePlan=type("UnsafePlan", (RuntimeError,), {}),
        generate=generate,
    )
    monkeypatch.setitem(sys.modules, "model_export.runtime", runtime)
    monkeypatch.setitem(
        sys.modules,
        "model_export.render",
        SimpleNamespace(routine_text=lambda plan, catalog: f"made by {plan['model']}"),
    )
    return played


@pytest.fixture
def phone(tmp_path: Path, server: FakeServer) -> Path:
    device = Device(tmp_path, clock=lambda: NOW)
    for sequence, body in enumerate((b"the old model", b"the new model"), 1):
        server.publish_model(body, sequence)
        assert device.sync(server, None, no_check).ok
    return tmp_path


def routine(script: ModuleType, monkeypatch: pytest.MonkeyPatch, phone: Path, *more: str) -> int:
    arguments = ["routine", "--dir", str(phone), "--kind", "warmup", "--minutes", "12", *more]
    monkeypatch.setattr(sys, "argv", ["device", *arguments])
    return int(script.main())


def test_the_options_become_the_generators_request(
    script: ModuleType, generator: dict[str, Any], phone: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    more = "--activity run_distance --condition a --condition b --constraint no_floor --equipment mini_band"
    more += " --red-flag r --deficit d --age 41 --level trained --seed 7 --gap-minutes 1.5 --local-time 06:30"
    assert routine(script, monkeypatch, phone, *more.split()) == 0
    assert capsys.readouterr().out == "made by the new model\n"
    assert generator["catalog"] == (1, 10)
    assert generator["payload"] == {
        "request": {
            "kind": "warmup",
            "activity": "run_distance",
            "budget_s": 720,
            "gap_s": 90,
            "local_time": "06:30",
        },
        "profile": {
            "age": 41,
            "level": "trained",
            "conditions": ["a", "b"],
            "constraints": ["no_floor"],
            "equipment": ["mini_band"],
            "red_flags": ["r"],
            "deficits": ["d"],
        },
        "seed": 7,
    }


def test_what_was_not_said_is_left_out(
    script: ModuleType, generator: dict[str, Any], phone: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert routine(script, monkeypatch, phone, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"status": "ok", "model": "the new model"}
    assert generator["payload"]["request"] == {"kind": "warmup", "budget_s": 720}
    assert "age" not in generator["payload"]["profile"]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("profile.conditions[0]", "--condition (profile.conditions[0]): unknown"),
        ("request.budget_s", "--minutes (request.budget_s): unknown"),
        ("request.gap_s", "--gap-minutes (request.gap_s): unknown"),
        ("elsewhere", "elsewhere: unknown"),
    ],
)
def test_a_refused_request_names_the_option(
    script: ModuleType,
    generator: dict[str, Any],
    phone: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    field: str,
    words: str,
) -> None:
    def refuse(model: str) -> None:
        raise Refusal(field, "unknown")

    generator["answer"] = refuse
    assert routine(script, monkeypatch, phone) == 2
    assert words in capsys.readouterr().err
    assert Device(phone).status()["model_failures"] == 0


def test_when_the_model_fails_the_previous_one_answers_and_the_person_is_told(
    script: ModuleType, generator: dict[str, Any], phone: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def only_old(model: str) -> dict[str, str]:
        if model != "the old model":
            raise RuntimeError("unsafe plan")
        return {"model": model}

    generator["answer"] = only_old
    assert routine(script, monkeypatch, phone) == 0
    told = capsys.readouterr()
    assert told.out == "made by the old model\n"
    assert "the current model failed (unsafe plan)" in told.err
    assert "previous model" in told.err
