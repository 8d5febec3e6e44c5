"""One database, one tab: a second one waits, takes over when asked, and nothing gets lost on the way."""

from __future__ import annotations

import pytest

from tests.app.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app")]

ELSEWHERE = "Limber is open in another tab"


def test_a_second_tab_says_so_and_goes_on_when_the_first_is_closed(person: Person) -> None:
    person.begin()
    first = person.page
    second = person.new_tab()
    person.open("/")
    second.get_by_role("heading", name=ELSEWHERE).wait_for()
    assert person.axe() == []
    first.close()
    second.get_by_role("heading", name="What are you up to?").wait_for()


def test_a_second_tab_can_take_over_and_give_back(person: Person) -> None:
    person.begin()
    person.make_routine()
    first = person.page
    second = person.new_tab()
    person.open("/routine")
    second.get_by_role("button", name="Use it here").click()
    second.get_by_role("button", name="Start", exact=True).wait_for()
    first.get_by_role("heading", name=ELSEWHERE).wait_for()
    first.get_by_role("button", name="Use it here").click()
    first.get_by_role("button", name="Start", exact=True).wait_for()
    second.get_by_role("heading", name=ELSEWHERE).wait_for()


def test_loading_the_page_again_and_again_never_loses_the_database(person: Person) -> None:
    person.begin()
    page = person.page
    for at in range(12):
        # From within, as a person's key does: the browser's own protocol has no page in the moment between two.
        with page.expect_navigation(wait_until="commit"):
            page.evaluate("setTimeout(() => location.reload())")
        if at % 3 == 0:
            page.get_by_role("heading", name="What are you up to?").wait_for()
    page.get_by_role("heading", name="What are you up to?").wait_for()
