"""Sending a file in a real browser: in parts, over a bad line, on after a reload, with pauses."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from server.accounts import sessions
from server.db import write
from server.media import uploads
from sync.objects import open_store
from tests.accounts.test_browser_accounts import CHECKS
from tests.accounts.test_external import free_port
from tests.conftest import Published
from tests.desk.conftest import sit_down
from tests.media import files
from tests.media.conftest import Sender
from tests.media.test_sending import long_picture
from tests.server.conftest import FAKE_RUNTIME, Limber

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
# One worker for the browser tests of the desk: they share the published catalogue.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("desk")]


@pytest.fixture(scope="module")
def browser(chromium: tuple[str, list[str]]) -> Iterator[Any]:
    path, arguments = chromium
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=path, args=arguments)
        yield made
        made.close()


@pytest.fixture(params=["folder", "moto"])
def served(
    request: pytest.FixtureRequest,
    start: Callable[..., Limber],
    make_database: Callable[[str], str],
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Limber]:
    """A server that browsers can reach, with each kind of store and the smallest parts that it takes."""
    monkeypatch.setattr(uploads, "PART", 5 << 20 if request.param == "moto" else 1 << 16)
    port = free_port()
    where = {"public_url": f"http://127.0.0.1:{port}"}
    made = start(make_database(published.database), published, changed=where, runtime=FAKE_RUNTIME)
    if request.param == "moto":
        address = request.getfixturevalue("bucket")
        held = made.app.extensions["limber"]
        held.store, held.settings = open_store(address), replace(held.settings, objects=address)
        made = replace(made, store=held.store, settings=held.settings)
    server = make_server("127.0.0.1", port, made.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Any, served: Limber) -> Iterator[Any]:
    """A browser in which an editor is at the desk; a word on its console or a script that breaks is a failure."""
    editor = sit_down(served, "editor", signed_in=False)
    login = write(
        served.engine, lambda conn: sessions.start_login(conn, editor.account, ["pwd"], datetime.now(UTC))
    )
    context = browser.new_context(base_url=served.settings.address, viewport={"width": 1100, "height": 900})
    context.add_cookies(
        [{"name": sessions.cookie_name(https=False), "value": login, "url": served.settings.address}]
    )
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on(
        "console", lambda told: wrong.append(told.text) if "Content Security Policy" in told.text else None
    )
    yield made
    context.close()
    assert wrong == []


def work(served: Limber) -> None:
    Sender(served, None).work()  # type: ignore[arg-type]


def shot(page: Any, name: str) -> None:
    """A picture of the page, where somebody wants to look at it."""
    if folder := os.environ.get("LIMBER_TEST_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_a_picture_goes_from_the_disk_to_a_draft_in_a_browser(
    page: Any, served: Limber, tmp_path: Path
) -> None:
    (tmp_path / "cat cow.jpg").write_bytes(files.picture("JPEG", (1200, 800)))
    page.goto("/desk/media?exercise=cat-cow")
    assert page.evaluate(CHECKS) == []
    page.get_by_label("File", exact=True).set_input_files(tmp_path / "cat cow.jpg")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url("**/desk/media/uploads/*")
    page.get_by_text("being looked at").wait_for()
    shot(page, "media-looked-at")
    assert page.evaluate(CHECKS) == []
    work(served)
    page.wait_for_url("**/desk/media/files/*", timeout=10_000)
    picture = page.get_by_alt_text("The picture, not described yet")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1200
    assert page.evaluate(CHECKS) == []
    page.get_by_label("What it shows, in English").fill("A person on all fours rounds the back.")
    page.get_by_label("What it shows, in German").fill(
        "Eine Person im Vierfüßlerstand macht den Rücken rund."
    )
    page.get_by_label("Licence").fill("Own work")
    shot(page, "media-file")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/desk/drafts/*")
    page.goto("/desk/media")
    page.get_by_alt_text("A person on all fours rounds the back.").wait_for()
    shot(page, "media-list")
    assert page.evaluate(CHECKS) == []


def test_an_upload_goes_on_after_a_reload_and_over_a_bad_line(
    page: Any, served: Limber, tmp_path: Path
) -> None:
    (tmp_path / "long.png").write_bytes(long_picture())
    sent: list[str] = []
    fail = {"left": 2}

    def line(route: Any) -> None:
        """Breaks twice, then holds back everything but the first part until the page is loaded anew."""
        number = route.request.url.split("partNumber=")[-1].split("&")[0].split("?")[0].rsplit("/", 1)[-1]
        if fail["left"] > 0:
            fail["left"] -= 1
            route.abort("connectionreset")
        elif number == "1" or fail["left"] < 0:
            sent.append(number)
            route.continue_()

    page.route(lambda url: "partNumber=" in url or "/desk/media/parts/" in url, line)
    page.goto("/desk/media")
    page.get_by_label("File", exact=True).set_input_files(tmp_path / "long.png")
    page.get_by_role("button", name="Send", exact=True).click()
    arrived = "/desk/media/uploads/"
    with page.expect_response(
        lambda answer: "partNumber=1" in answer.url or "/1?until" in answer.url, timeout=20_000
    ):
        pass
    shot(page, "media-sending")
    assert page.get_by_role("progressbar").is_visible()
    page.once("dialog", lambda asked: asked.accept())  # the browser asks whether to leave
    page.goto("/desk/media")
    page.get_by_text("unfinished").first.wait_for()

    fail["left"] = -1
    page.get_by_label("File", exact=True).set_input_files(tmp_path / "long.png")
    page.get_by_text("may be there already").wait_for()
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url(f"**{arrived}*", timeout=30_000)
    assert sorted(sent) == ["1", "2", "3"], "no part was sent twice"
    work(served)
    page.wait_for_url("**/desk/media/files/*", timeout=10_000)


def test_another_file_of_the_same_name_and_size_does_not_go_on_there(
    page: Any, served: Limber, tmp_path: Path
) -> None:
    body = long_picture()
    path = tmp_path / "long.png"
    path.write_bytes(body)
    os.utime(path, (10**9, 10**9))
    hold = {"on": True}
    page.route(
        lambda url: "partNumber=" in url or "/desk/media/parts/" in url,
        lambda route: (
            route.abort()
            if hold["on"] and not ("partNumber=1" in route.request.url or "/1?" in route.request.url)
            else route.continue_()
        ),
    )
    page.goto("/desk/media")
    page.get_by_label("File", exact=True).set_input_files(path)
    with page.expect_response(lambda answer: "partNumber=1" in answer.url or "/1?until" in answer.url):
        page.get_by_role("button", name="Send", exact=True).click()
    page.once("dialog", lambda asked: asked.accept())
    page.goto("/desk/media")
    hold["on"] = False
    other = files.picture("PNG", (601, 399))
    path.write_bytes(other[:33] + files.chunk(b"prVt", os.urandom(len(body) - len(other) - 12)) + other[33:])
    os.utime(path, (10**9, 10**9))
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url("**/desk/media/uploads/*", timeout=30_000)
    work(served)
    page.wait_for_url("**/desk/media/files/*", timeout=10_000)
    with served.engine.connect() as conn:
        assert sorted(each.state for each in uploads.listed(conn)) == ["ready", "receiving"]


def test_a_pause_holds_the_upload_until_it_goes_on(page: Any, served: Limber, tmp_path: Path) -> None:
    (tmp_path / "long.png").write_bytes(long_picture())
    first = threading.Event()

    def line(route: Any) -> None:
        if not first.is_set():
            first.set()  # hangs: the pause has to break it off
        else:
            route.continue_()

    page.goto("/desk/media")
    page.route(lambda url: "partNumber=" in url or "/desk/media/parts/" in url, line)
    page.get_by_label("File", exact=True).set_input_files(tmp_path / "long.png")
    with page.expect_request(lambda asked: asked.method == "PUT"):
        page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused.").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/desk/media/uploads/*", timeout=30_000)


def test_what_cannot_be_taken_is_said_before_anything_is_sent(
    page: Any, served: Limber, tmp_path: Path
) -> None:
    with (tmp_path / "huge.mp4").open("wb") as file:
        file.truncate(2 << 30)  # nothing of it is on the disk
    page.goto("/desk/media")
    page.get_by_label("File", exact=True).set_input_files(tmp_path / "huge.mp4")
    page.get_by_text("at most 200 MB are taken").wait_for()
    assert page.get_by_role("button", name="Send", exact=True).is_disabled()
    shot(page, "media-too-large")
