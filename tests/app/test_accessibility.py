"""Every screen in every look: axe-core finds nothing serious, nothing scrolls sideways, keys reach it all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.app.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app")]

# Screens that stand by themselves; those on the way through a routine are visited on the way.
SCREENS = (
    "/", "/routines", "/library", "/library/calf-stretch-wall", "/progress", "/progress/knee_to_wall",
    "/you", "/you/profile", "/you/settings", "/you/reminders", "/you/learned", "/you/about", "/you/account",
    "/start?step=flags", "/r", "/nothing-here",
)  # fmt: skip
PHONE = {"width": 412, "height": 915}
SMALL = {"width": 320, "height": 640}
TABLET = {"width": 1180, "height": 820}
PLAIN = {"color_scheme": "light", "contrast": "no-preference", "reduced_motion": "no-preference"}
# The theme that the app has to put on, the size and wishes of the person, and whether only colours are new.
LOOKS: tuple[tuple[str, dict[str, int], dict[str, str], bool], ...] = (
    ("light", PHONE, PLAIN, False),
    ("dark", PHONE, {**PLAIN, "color_scheme": "dark"}, True),
    ("contrast", TABLET, {**PLAIN, "contrast": "more", "reduced_motion": "reduce"}, False),
)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
DRESSED = "(theme) => document.documentElement.dataset.theme === theme"
# Controls that are drawn smaller than a fingertip, or cut off their own text.
CRAMPED = """() => {
  const wrong = [];
  for (const each of document.querySelectorAll('[role=button], [role=link], [role=switch], button, a[href]')) {
    const box = each.getBoundingClientRect();
    if (box.width === 0 || each.closest('[aria-hidden=true]') || each.closest('p, [data-inline]')) continue;
    if (box.width < 24 || box.height < 24) wrong.push(`small: ${each.outerHTML.slice(0, 120)}`);
  }
  return wrong;
}"""


def judge(person: Person, where: str, *, colours_only: bool = False) -> list[str]:
    """What is wrong with the page as it stands, each finding with where it was."""
    page = person.page
    found = person.axe(colours_only=colours_only)
    if not colours_only:
        found += list(page.evaluate(CRAMPED))
        if page.get_by_role("heading", level=1).count() != 1:
            found.append("not one first heading")
    if (more := page.evaluate(SIDEWAYS)) > 0:
        found.append(f"scrolls sideways by {more} px")
    return [f"{where}: {each}" for each in found]


def judge_in_every_look(person: Person, where: str) -> list[str]:
    """The same page in one look after the other, as when a person changes the settings of their device."""
    found: list[str] = []
    named = person.page.get_by_role("heading", level=1).first.inner_text()
    for theme, size, wishes, colours_only in LOOKS:
        dress(person, theme, size, wishes)
        assert person.page.get_by_role("heading", level=1).first.inner_text() == named, where
        found += judge(person, f"{theme} {where}", colours_only=colours_only)
    dress(person, "light", PHONE, PLAIN)
    return found


def dress(person: Person, theme: str, size: dict[str, int], wishes: dict[str, str]) -> None:
    """Change size and wishes, and wait until the app has followed."""
    person.page.set_viewport_size(size)
    person.page.emulate_media(**wishes)
    person.page.wait_for_function(DRESSED, arg=theme)
    person.page.evaluate(TWO_FRAMES)


def visited(person: Person, path: str) -> Any:
    page = person.open(path)
    page.get_by_role("heading", level=1).first.wait_for()
    # Lazily loaded parts of it, and figures, come a moment later.
    page.wait_for_load_state("networkidle")
    return page


def test_no_screen_has_a_serious_finding_in_any_look(new_person: Callable[..., Person]) -> None:
    """Light, dark, and wide in strong contrast; those on the way through a routine as well."""
    person = new_person(viewport=PHONE)
    person.open("/").get_by_role("heading", name="What do you do?").wait_for()
    found = judge_in_every_look(person, "/start")
    person.begin()
    for path in SCREENS:
        visited(person, path)
        found += judge_in_every_look(person, path)
    person.open("/")
    page = person.make_routine()
    found += judge_in_every_look(person, "/routine")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/play")
    page.get_by_role("button", name="Start now").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").wait_for()
    found += judge_in_every_look(person, "/play")
    page.get_by_role("button", name="Hurts").click()
    dialog = page.get_by_role("dialog", name="Where does it hurt?")
    dialog.wait_for()  # it becomes one when it has slid in
    found += judge_in_every_look(person, "/play, where it hurts")
    assert dialog.is_visible()
    page.keyboard.press("Escape")
    person.play_to_the_end()
    found += judge_in_every_look(person, "/play/after")
    assert not found, "\n".join(found)


def test_nor_on_a_small_phone_with_letters_twice_as_large(new_person: Callable[..., Person]) -> None:
    person = new_person(viewport=SMALL)
    page = person.begin()
    visited(person, "/you/settings")
    size = page.get_by_role("slider", name="Text size")
    size.focus()
    page.keyboard.press("End")
    page.wait_for_function("() => parseFloat(getComputedStyle(document.querySelector('h1')).fontSize) >= 50")
    found = []
    for path in SCREENS:
        visited(person, path)
        found += judge(person, f"large {path}")
    assert not found, "\n".join(found)


def test_the_keyboard_alone_reaches_and_shows_every_tab(person: Person) -> None:
    page = person.begin()
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
              const at = document.activeElement;
              if (at === document.body) return ['', true, true];
              const style = getComputedStyle(at), box = at.getBoundingClientRect();
              const visible = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
              return [at.getAttribute('aria-label') ?? at.innerText ?? '', visible, box.width > 0];
            }"""
        )
        if focused[0]:
            seen.append(focused)
    names = " ".join(re.sub(r"\s+", " ", name) for name, _, _ in seen)
    for tab in ("Home", "Library", "Progress", "You", "Make my routine"):
        assert tab in names
    assert [name for name, outlined, there in seen if not outlined or not there] == []
