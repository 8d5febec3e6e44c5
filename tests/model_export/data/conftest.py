"""A few simulated people, written once, and a way to make datasets of them."""

import argparse
import json

import pytest

from model_export.cli import CommandError
from model_export.data import dataset, shelf, simulate, sources
from model_export.data.commands import register
from sync.sealing import create_master

PLAN = simulate.Plan(families=tuple(simulate.FAMILIES), people=2, sessions=3, seed=5, withheld=2)
"""Sixteen people, of whom every second withholds consent."""


@pytest.fixture(scope="session")
def plan():
    return PLAN


@pytest.fixture(scope="session")
def told(held, catalog):
    return list(simulate.everyone(PLAN, held.model, catalog, 1))


@pytest.fixture(scope="session")
def simulated(told, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "log"
    simulate.write(folder, iter(told))
    return folder


@pytest.fixture
def master(tmp_path, monkeypatch):
    """The server's master key, where its settings say it is."""
    path = tmp_path / "keys" / "master.key"
    monkeypatch.setenv("LIMBER_MASTER_KEY", str(path))
    return create_master(path)


SALT = b"a salt for tests only, 32 bytes."


@pytest.fixture(scope="session")
def build():
    """build(source, out, **options) -> dataset.json; a source is a folder, a database's URL or a Source."""

    def make(source, out, *, master=None, **options):
        if isinstance(source, str):
            source = sources.DatabaseSource(source, master)
        elif not hasattr(source, "read"):
            source = sources.FolderSource(source)
        return dataset.build(source, out, **{"salt": SALT, "shelf": shelf.find(None), **options})

    return make


@pytest.fixture(scope="session")
def made(simulated, build, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "dataset"
    build(simulated, out)
    return out


@pytest.fixture
def command():
    """Run a command line of this area as `python -m model_export` does; errors of input come through."""

    def run(*arguments):
        root = argparse.ArgumentParser()
        commands = root.add_subparsers(required=True)

        def add(name, start, text):
            made = commands.add_parser(name, help=text)
            made.set_defaults(run_command=start)
            return made

        register(add)
        args = root.parse_args([str(argument) for argument in arguments])
        return args.run_command(args)

    run.error = CommandError
    return run


@pytest.fixture
def records(simulated):
    """The simulated log as rows that a test may spoil."""
    return [json.loads(line) for line in (simulated / simulate.SESSIONS).read_text().splitlines()]


@pytest.fixture
def logged(tmp_path):
    """logged(rows) -> a folder with them."""

    def write(rows, name="changed"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / simulate.SESSIONS).write_text("".join(simulate.line(row) for row in rows))
        return folder

    return write
