"""A person at the app: opens pages, waits for what they would wait for, and is judged by axe-core."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from tests.accounts.signing_in import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = 60_000
# What the browser says by itself when a request fails because the network is away, which tests make it be.
EXPECTED = re.compile(
    "Failed to load resource: net::ERR_"
    "(INTERNET_DISCONNECTED|CONNECTION_REFUSED|FAILED|EMPTY_RESPONSE|CONNECTION_RESET)"
)
# The whole app is kept for offline use once its service worker is in charge.
OFFLINE_READY = """async () => {
  await navigator.serviceWorker.ready;
  return navigator.serviceWorker.controller !== null;
}"""

WCAG = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"


class Person:
    """One browser profile. `wrong` collects errors of its pages."""

    def __init__(self, context: Any, address: str, *, wrong: list[str] | None = None) -> None:
        self.context, self.address = context, address
        self.wrong = [] if wrong is None else wrong
        self.account = ""
        context.set_default_timeout(PATIENCE_MS)
        self.page = self.new_tab()

    def new_tab(self) -> Any:
        """Another tab of the same browser; it becomes the one in front."""
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"pageerror: {error}"))
        self.page.on("console", lambda said: self._console(said))
        return self.page

    def _console(self, said: Any) -> None:
        if said.type == "error" and not EXPECTED.search(said.text):
            self.wrong.append(f"console: {said.text}")

    def open(self, path: str = "/") -> Any:
        """Go there as a link from outside would."""
        self.page.goto(self.address + path)
        return self.page

    def begin(self) -> Any:
        """The first launch, with every question skipped; ends on the home screen."""
        self.open("/").get_by_role("button", name="Skip all").click()
        self.page.get_by_role("heading", name="What are you up to?").wait_for()
        return self.page

    def make_routine(self, minutes: int | None = None) -> Any:
        """From the home screen to a routine."""
        if minutes is not None:
            dial = self.page.get_by_role("slider", name="Minutes")
            dial.focus()
            now = int(dial.get_attribute("aria-valuenow"))
            for _ in range(abs(minutes - now)):
                self.page.keyboard.press("ArrowRight" if minutes > now else "ArrowLeft")
        self.page.get_by_role("button", name="Make my routine").click()
        self.page.get_by_role("button", name="Start", exact=True).wait_for()
        return self.page

    def exercise_in_the_player(self) -> str:
        """What is being done now."""
        return str(self.page.get_by_role("heading").nth(1).inner_text())

    def play_to_the_end(self) -> None:
        """Press on through a routine that runs, to the screen after it."""
        for _ in range(80):
            if self.page.url.endswith("/play/after"):
                break
            self.page.keyboard.press("ArrowRight")
            self.page.wait_for_timeout(60)
        self.page.get_by_text("How hard was it?").wait_for()

    def sign_in(self, address: str) -> None:
        """From the app to the server's page and back."""
        self.account = address
        page = self.open("/you/account")
        page.get_by_role("button", name="Sign in or register").click()
        arrived = page.get_by_text("Signed in as")
        form = page.get_by_label("E-mail address")
        form.or_(arrived).first.wait_for()
        # Who is still signed in on the server's own pages is not asked again.
        if form.is_visible():
            form.fill(address)
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
        arrived.wait_for()
        self.synced()

    def synced(self) -> None:
        """A whole sync, to its end: nothing waits and nothing was refused."""
        if "/you/account" not in self.page.url:
            self.open("/you/account")
        # The first sync fetches a model and tries it out, while tests beside this one use the same cores.
        self.page.get_by_role("button", name="Sync now").click(timeout=2 * PATIENCE_MS)
        self.page.get_by_text("Up to date").wait_for(timeout=2 * PATIENCE_MS)
        self.page.get_by_text("Nothing waits to be sent").wait_for()

    def exported(self) -> dict[str, Any]:
        """Everything on this device, as its own export has it, by collection and id."""
        if "/you/account" not in self.page.url:
            self.open("/you/account")
        with self.page.expect_download() as started:
            self.page.get_by_role("button", name="Export everything on this device").click()
        archive: dict[str, Any] = json.loads(Path(started.value.path()).read_text())
        return archive

    def wait_until_offline_works(self) -> None:
        """Until the service worker has everything and answers for the page."""
        self.until(OFFLINE_READY)

    def until(self, condition: str, seconds: float = PATIENCE_MS / 1000) -> None:
        """Wait for what an asynchronous function of the page tells."""
        self.page.evaluate(
            f"""async () => {{
              const end = performance.now() + {seconds * 1000};
              while (!(await ({condition})())) {{
                if (performance.now() > end) throw new Error(`not within {seconds} s`);
                await new Promise((again) => setTimeout(again, 20));
              }}
            }}"""
        )

    def offline(self, yes: bool = True) -> None:
        """No network for this browser at all."""
        self.context.set_offline(yes)

    def axe(self, *, colours_only: bool = False) -> list[str]:
        """What breaks a rule of WCAG 2.2 AA in the page as it is, seriously or worse: `rule: where`."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe())
        rules = "['color-contrast']" if colours_only else WCAG
        found = self.page.evaluate(f"axe.run(document, {{ runOnly: {rules}, resultTypes: ['violations'] }})")
        return [
            f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]


@cache
def _axe() -> str:
    return (ROOT / "mobile" / "node_modules" / "axe-core" / "axe.min.js").read_text()
