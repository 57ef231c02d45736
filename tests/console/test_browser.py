"""Pages in a real browser: accessible, narrow enough, live, and usable without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.browsing import PASSWORD
from console.chromium import DESK, NARROW, Surfer, overflows, paths

Judge = Callable[[Page], list[str]]


@pytest.mark.parametrize("dark", [False, True])
def test_pages_are_accessible_and_fit(surfer: Surfer, axe: Judge, dark: bool) -> None:
    """By axe, in light and dark, at a desk and on the narrowest phone; nothing scrolls sideways."""
    surfer.house.make_user()
    for size in (DESK, NARROW):
        page = surfer.page(size, dark=dark)
        page.goto("/sign-in")
        assert axe(page) == []
        page = surfer.signed_in(size=size, dark=dark)
        for path in (*paths(), "/nowhere"):
            page.goto(path)
            assert (path, axe(page)) == (path, [])
            assert overflows(page) <= 0, path
    surfer.troubles.clear()  # the page that is nowhere


def test_the_theme_is_kept(surfer: Surfer) -> None:
    """A click changes it at once, and the next page comes in it."""
    surfer.house.make_user()
    page = surfer.signed_in()
    page.goto("/you")
    with page.expect_response("**/you/preferences"):
        page.click("#theme")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_everything_works_without_a_script(surfer: Surfer) -> None:
    """Coming in, choosing, changing the password and leaving are links and forms."""
    surfer.house.make_user()
    page = surfer.signed_in(script=False)
    page.goto("/you")
    expect(page.locator("#theme")).to_be_hidden()
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es-ES")
    page.get_by_role("button", name="English").click()
    page.get_by_label("Password now").fill("not the right one")
    page.get_by_label("New password").fill("four words for maya")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_label("Password now").fill(PASSWORD)
    page.get_by_label("New password").fill("four words for maya")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status").first).to_contain_text("Your password is changed")
    page.get_by_text("More").click()
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.wait_for_url("**/sign-in")
    surfer.troubles.clear()  # a browser tells of the 422 itself


def test_the_keyboard_alone_suffices(surfer: Surfer) -> None:
    """In by typing, along by Tab: the first stop skips the menu, Escape closes it."""
    surfer.house.make_user()
    page = surfer.page()
    page.goto("/sign-in")
    page.locator("input[name=name]").focus()
    page.keyboard.type("Maya")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/first-steps")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.locator("nav summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="You")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="You")).to_be_hidden()
    expect(page.locator("nav summary")).to_be_focused()
