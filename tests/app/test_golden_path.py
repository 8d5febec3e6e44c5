"""From the first launch to a finished session, and what becomes of a session that the phone kills."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.app.conftest import Phone
from tests.app.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app")]


def test_from_the_first_launch_to_a_finished_session(person: Person) -> None:
    page = person.open("/")
    # Welcome: what one does, how fit, what hurts, what is at hand, and the red flags.
    page.get_by_role("heading", name="What do you do?").wait_for()
    page.get_by_text("Running, easy to long", exact=True).click()
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Now and then", exact=True).click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Does anything hurt?").wait_for()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="None of these").click()
    page.get_by_role("button", name="Start", exact=True).wait_for()
    assert re.search(r"\d+ min · \d+ exercises", page.locator("main, [role=main]").inner_text())

    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/play")
    # By the keyboard alone: start at once, pause, go on, and through all of it.
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Go on").wait_for()
    page.keyboard.press("Space")
    # The first exercise in full, by the browser's own clock put forward; then on through the rest.
    page.clock.install()
    name = person.exercise_in_the_player()
    for _ in range(20):
        page.clock.run_for(10_000)
        if person.exercise_in_the_player() != name:
            break
    page.clock.resume()
    person.play_to_the_end()
    page.get_by_role("radio", name="4", exact=True).click()
    page.get_by_role("button", name=re.compile("more like this")).first.click()
    page.get_by_role("button", name="Done", exact=True).click()
    page.get_by_role("heading", name="What are you up to?").wait_for()

    page.get_by_role("link", name="Progress").click()
    page.get_by_text("You moved on 1 day in the last four weeks.").wait_for()
    person.open("/")
    # Yesterday's, or just now's, again: one tap shows it, the second starts it.
    page.get_by_role("button", name=re.compile("^Once more")).click()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/play")


def test_a_session_that_is_killed_goes_on_exactly_where_it_was(new_phone: Callable[[], Phone]) -> None:
    phone = new_phone()
    phone.person.begin()
    page = phone.person.make_routine()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/play")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="+10 s").wait_for()
    where = phone.person.exercise_in_the_player()
    phone.kill()
    person = phone.start()
    page = person.open("/")
    page.get_by_role("button", name="Carry on").click()
    page.wait_for_url("**/play")
    assert person.exercise_in_the_player() == where


def test_a_pain_stops_the_exercise_and_spares_the_place_in_the_rest(person: Person) -> None:
    person.begin()
    page = person.make_routine()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/play")
    page.get_by_role("button", name="Start now").click()
    name = person.exercise_in_the_player()
    page.get_by_role("button", name="Hurts").click()
    page.get_by_role("radio", name=re.compile("Knee|Hip|Shoulder")).first.click()
    page.get_by_role("button", name="Stop this exercise").click()
    page.get_by_role("heading", name=f"{name} is stopped").wait_for()
    assert person.axe() == []
