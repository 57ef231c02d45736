"""Coming into the console, and being put out of it."""

from __future__ import annotations

from console.browsing import PASSWORD, Browser, ConsoleHouse, text_of


def test_who_is_not_signed_in_is_asked_who_they_are(house: ConsoleHouse) -> None:
    """The way back to the wanted page is kept, for pages of ours only."""
    browser = house.browser()
    answer = browser.ask("/you?a=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fyou%3Fa%3D1")
    house.make_user()
    assert "Sign in" in browser.see("/sign-in?next=/you")
    answer = browser.post("/sign-in", name="Maya", password=PASSWORD, next="/you")
    assert answer.headers["location"] == "/you"
    assert "Maya" in browser.see("/you")


def test_pages_say_what_they_are(maya: Browser) -> None:
    for path in ("/you", "/first-steps"):
        assert "<h1>" in maya.see(path)
    gone = maya.ask("/nowhere")
    assert gone.status_code == 404
    assert "There is nothing here" in text_of(gone.text)
