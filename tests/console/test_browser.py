"""Pages in a real browser: accessible, narrow enough, live, and usable without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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
