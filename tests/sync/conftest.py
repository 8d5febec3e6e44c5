"""A server in memory with ten documents, and a phone that holds nothing yet."""

from pathlib import Path

import pytest

from sync.device import Device
from tests.sync.fakes import NOW, FakeServer, catalogue


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.publish(catalogue(10))
    return made


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path / "phone", clock=lambda: NOW)
