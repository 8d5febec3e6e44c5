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
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
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


def judge(person: Person, where: str) -> list[str]:
    """What is wrong with the page as it stands, each finding with where it was."""
    page = person.page
    found = person.axe() + list(page.evaluate(CRAMPED))
    if (more := page.evaluate(SIDEWAYS)) > 0:
        found.append(f"scrolls sideways by {more} px")
    if page.get_by_role("heading", level=1).count() != 1:
        found.append("not one first heading")
    return [f"{where}: {each}" for each in found]


def visited(person: Person, path: str) -> Any:
    page = person.open(path)
    page.get_by_role("heading", level=1).first.wait_for()
    # Lazily loaded parts of it, and figures, come a moment later.
    page.wait_for_load_state("networkidle")
    return page


def all_screens(person: Person, look: str) -> list[str]:
    """Judge every screen, those on the way through a routine as well."""
    person.open("/").get_by_role("heading", name="What do you do?").wait_for()
    found = judge(person, f"{look} /start")
    person.begin()
    for path in SCREENS:
        visited(person, path)
        found += judge(person, f"{look} {path}")
    person.open("/")
    page = person.make_routine()
    found += judge(person, f"{look} /routine")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/play")
    page.get_by_role("button", name="Start now").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").wait_for()
    found += judge(person, f"{look} /play")
    page.get_by_role("button", name="Hurts").click()
    page.get_by_role("dialog", name="Where does it hurt?").wait_for()  # it becomes one when it has slid in
    found += judge(person, f"{look} /play, where it hurts")
    page.keyboard.press("Escape")
    person.play_to_the_end()
    found += judge(person, f"{look} /play/after")
    return found


@pytest.mark.parametrize("look", ["light", "dark"])
def test_no_screen_has_a_serious_finding(new_person: Callable[..., Person], look: str) -> None:
    found = all_screens(new_person(viewport=PHONE, color_scheme=look), look)
    assert not found, "\n".join(found)


def test_nor_on_a_tablet_in_strong_contrast_with_little_movement(new_person: Callable[..., Person]) -> None:
    wide = new_person(viewport=TABLET, contrast="more", reduced_motion="reduce")
    found = all_screens(wide, "tablet")
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
