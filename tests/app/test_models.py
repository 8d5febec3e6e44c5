"""A new model arrives at a device that syncs; one that was tampered with on its way changes nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import onnx
import pytest

from tests.app.conftest import ROOT, Server
from tests.app.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app_accounts")]

BUNDLE = ROOT / "mobile" / "assets" / "models"


def another_model(folder: Path, name: str) -> tuple[Path, str]:
    """The bundled model under another hash, with the same cases to prove it by: (file, SHA-256)."""
    place = folder / name
    place.mkdir()
    model = onnx.load(str(BUNDLE / "generator.onnx"))
    model.graph.doc_string = name
    file = place / "generator.onnx"
    file.write_bytes(model.SerializeToString(deterministic=True))
    shutil.copy(BUNDLE / "golden.json", place / "golden.json")
    return file, sha256(file.read_bytes()).hexdigest()


def publish(server: Server, file: Path) -> None:
    """To all devices at once, as an engineer with a token may by force."""
    token = server.run("model_export", "token", "--role", "ml_engineer").strip().splitlines()[-1]
    server.env["LIMBER_TOKEN"] = token
    options = [
        "--without-evaluation",
        "--channel",
        "stable",
        "--requests",
        "20",
        "--max-ms",
        "10000",
        "--force",
        "a test",
    ]
    server.run("model_export", "publish", "--server", server.address, *options, str(file))


def in_use(person: Person) -> str:
    """The beginning of the hash of the model that makes the routines."""
    page = person.open("/you/about")
    row = page.get_by_text(re.compile("^[0-9a-f]{16}$")).first
    row.wait_for(timeout=60_000)
    return str(row.inner_text())


def test_a_new_model_is_taken_over_and_a_tampered_one_is_refused(
    make_server: Callable[[], Server], new_person: Callable[..., Person], tmp_path: Path
) -> None:
    server = make_server().start()
    person = new_person(address=server.address)
    person.begin()
    person.sign_in(server.new_account())
    bundled = sha256((BUNDLE / "generator.onnx").read_bytes()).hexdigest()
    assert in_use(person) == bundled[:16]

    second, hash_of_second = another_model(tmp_path, "second")
    publish(server, second)
    person.synced()
    assert in_use(person) == hash_of_second[:16]

    third, hash_of_third = another_model(tmp_path, "third")
    publish(server, third)
    (held,) = (server.folder / "objects" / "models").glob(f"{hash_of_third}.onnx")
    body = bytearray(held.read_bytes())
    body[len(body) // 2] ^= 1
    held.chmod(0o644)
    held.write_bytes(body)
    person.synced()
    assert in_use(person) == hash_of_second[:16]
    person.open("/")
    person.make_routine()
