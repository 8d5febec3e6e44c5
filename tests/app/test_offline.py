"""The app without a network, and how a new version of it arrives."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import ROOT, Phone, Server, build_of
from tests.app.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app")]

DOCUMENT = "fetch('/index.html').then((answer) => answer.text())"
CACHES = "async () => (await caches.keys()).filter((name) => name.startsWith('limber-app-'))"


def test_the_very_first_launch_works_without_a_network(person: Person, server: Server) -> None:
    """Installed from another page of this server, opened for the first time when there is no server any more."""
    page = person.open("/server")
    page.evaluate("navigator.serviceWorker.register('/sw.js')")
    person.until(
        "async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated'"
    )
    server.kill()
    person.begin()
    person.make_routine()
    assert page.get_by_role("button", name="Start", exact=True).is_visible()
    for path in ("/library", "/progress", "/you/settings"):
        person.open(path)
        page.get_by_role("heading", level=1).wait_for()
    assert "335 exercises" in person.open("/library").get_by_text("335 exercises").inner_text()


def test_everything_is_there_after_the_server_died_and_the_browser_started_anew(
    new_phone: Callable[[], Phone], server: Server
) -> None:
    phone = new_phone()
    phone.person.begin()
    phone.person.wait_until_offline_works()
    server.kill()
    phone.person.context.close()
    person = phone.start()
    for path in ("/", "/library"):
        page = person.open(path)
        page.get_by_role("heading", level=1).wait_for()
        assert page.evaluate("performance.getEntriesByType('navigation')[0].workerStart") > 0
    assert page.url.endswith("/library")
    ort = page.evaluate(
        """async () => {
          const answers = await Promise.all(['/ort/ort.wasm.bundle.min.mjs', '/ort/ort-wasm-simd-threaded.wasm',
            '/models/catalog.json', '/manifest.webmanifest', '/icon-192.png'].map((path) => fetch(path)));
          return answers.map((answer) => [answer.status, answer.headers.get('Content-Type')]);
        }"""
    )
    assert ort == [
        [200, "text/javascript; charset=utf-8"],
        [200, "application/wasm"],
        [200, "application/json"],
        [200, "application/manifest+json"],
        [200, "image/png"],
    ]


def test_the_app_can_be_installed(person: Person) -> None:
    page = person.open("/")
    person.wait_until_offline_works()
    session = person.context.new_cdp_session(page)
    assert session.send("Page.getAppManifest")["errors"] == []
    problems = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Nothing is installed from a private window, which a test's profile is.
    assert [each["errorId"] for each in problems if each["errorId"] != "in-incognito"] == []


def changed_build(dist: Path, folder: Path) -> Path:
    """The same app with another text in its document: another version."""
    shutil.copytree(dist, folder)
    for made in folder.rglob("*"):
        if made.suffix in (".br", ".gz") or made.name in ("files.json", "sw.js", ".made-from"):
            made.unlink()
    document = folder / "index.html"
    document.write_text(document.read_text().replace("<title>Limber", "<title>Limber, newer"))
    # The list of pages comes from the sources, the runtime is copied again: as after an export.
    subprocess.run(
        ["node", ROOT / "mobile" / "tools" / "web" / "finish.mjs", folder], check=True, capture_output=True
    )
    return folder


def test_a_new_version_waits_until_the_person_wants_it_and_loads_only_what_changed(
    make_server: Callable[[], Server], browser: Any, dist: Path, tmp_path: Path
) -> None:
    server = make_server().start()
    person = Person(browser.new_context(), server.address)
    page = person.begin()
    person.wait_until_offline_works()
    assert page.evaluate(CACHES) == [f"limber-app-{build_of(dist)}"]
    newer = changed_build(dist, tmp_path / "newer")
    newer_document = "<title>Limber, newer"
    server.kill()
    log = server.folder / "server.log"
    before = log.stat().st_size
    server.start(newer)
    page.evaluate("async () => (await navigator.serviceWorker.getRegistration()).update()")
    person.until("async () => (await navigator.serviceWorker.getRegistration()).waiting !== null")
    asked = {
        json.loads(line)["path"] for line in log.read_text()[before:].splitlines() if line.startswith("{")
    }
    assert asked - {"/readyz"} == {"/sw.js", "/index.html"}
    # Nothing changes under the person's hands, not even when they load the page again.
    assert newer_document not in page.evaluate(DOCUMENT)
    page.reload()
    update = page.get_by_role("button", name="Update now")
    update.wait_for()
    assert newer_document not in page.evaluate(DOCUMENT)
    with page.expect_navigation():
        update.click()
    page.get_by_role("heading", level=1).wait_for()
    assert newer_document in page.evaluate(DOCUMENT)
    person.until(f"async () => (await ({CACHES})()).join() === 'limber-app-{build_of(newer)}'")
    assert person.wrong == []
    person.context.close()


def test_a_mixture_of_two_versions_is_never_installed(
    make_server: Callable[[], Server], browser: Any, dist: Path, tmp_path: Path
) -> None:
    """While a server is being updated, its answers may be of another version than its service worker."""
    mixed = tmp_path / "mixed"
    shutil.copytree(dist, mixed)
    for name in ("index.html", "index.html.br", "index.html.gz"):
        (mixed / name).unlink()
    document = (dist / "index.html").read_bytes().replace(b"<title>Limber", b"<title>Other")
    (mixed / "index.html").write_bytes(document)
    listed = json.loads((mixed / "files.json").read_text())
    listed["files"]["/index.html"]["bytes"] = {"identity": len(document)}
    (mixed / "files.json").write_text(json.dumps(listed))
    server = make_server().start(mixed)
    person = Person(browser.new_context(), server.address)
    page = person.open("/")
    outcome = page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.register('/sw.js');
          const worker = registration.installing ?? registration.waiting ?? registration.active;
          if (worker.state === 'redundant') return 'redundant';
          return new Promise((resolve) => worker.addEventListener('statechange', () => resolve(worker.state)));
        }"""
    )
    assert outcome == "redundant"
    person.context.close()
