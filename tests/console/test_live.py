"""Pages that are open change by themselves, and say when they no longer do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from playwright.sync_api import expect

from api.asking import ApiHouse
from console import chromium
from console.browsing import PASSWORD, ConsoleHouse
from console.chromium import Surfer
from vacancy.domain.scopes import Role
from vacancy.services import sign_in


class Ear:
    """Hears a stream in a thread of its own."""

    def __init__(self, client: httpx2.Client) -> None:
        self.heard: list[str] = []
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(client,))
        self._thread.start()
        self.wait_for("retry: 2000")

    def _listen(self, client: httpx2.Client) -> None:
        with client.stream("GET", "/live") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            for line in answer.iter_lines():
                self.heard.append(line)
        self.over.set()

    def wait_for(self, text: str, seconds: float = 15.0) -> str:
        """The first line with this text in it."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            found = [line for line in self.heard if text in line]
            if found:
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"{text!r} was not heard: {self.heard}")

    def ended_within(self, seconds: float) -> bool:
        return self.over.wait(seconds)


@contextmanager
def client_of(house: ConsoleHouse, name: str = "Maya") -> Iterator[httpx2.Client]:
    """A browser without a screen, signed in on the served house."""
    with (
        chromium.served(house) as address,
        httpx2.Client(base_url=address, timeout=30) as client,
    ):
        form = {"name": name, "password": PASSWORD}
        answer = client.post("/sign-in", data=form, headers={"Origin": address})
        assert answer.status_code == 303
        yield client


def a_booking(house: ApiHouse) -> str:
    """A unit with a booking of ours; the unit's id."""
    unit = house.a_unit()
    nights = {"arrival": "2027-02-03", "departure": "2027-02-05"}
    house.post("/v1/bookings", {"unit_id": unit["id"], **nights})
    return unit["id"]


def test_a_change_is_told_by_its_topics_alone(house: ConsoleHouse) -> None:
    """No word of what happened: a page asks for that with its own rights."""
    house.make_user("Rui", Role.STAFF)
    with client_of(house, "Rui") as client:
        ear = Ear(client)
        unit_id = a_booking(house)
        message = ear.wait_for("bookings")
        assert message == f'data: {{"topics": ["bookings", "unit:{unit_id}"]}}'
        house.listeners.close()
        assert ear.ended_within(5)


@pytest.mark.parametrize("how", ["reset", "sign_out", "revoke"])
def test_who_is_put_out_hears_no_more_within_a_second(house: ConsoleHouse, how: str) -> None:
    """However it is done, and wherever."""
    user_id = house.make_user()
    with client_of(house) as client:
        ear = Ear(client)
        with house.store.write() as session:
            match how:
                case "reset":
                    sign_in.reset(session, house.account_id, "Maya", house.at())
                case "sign_out":
                    sign_in.sign_out(session, user_id)
                case _:
                    sign_in.revoke(session, house.account_id, "Maya", house.at())
        assert ear.ended_within(3)
        assert client.get("/live").status_code == 401


def test_a_page_shows_what_happens_elsewhere(surfer: Surfer) -> None:
    """A feed that is read, without anybody loading the page again."""
    surfer.house.make_user()
    page = surfer.signed_in()
    page.goto("/first-steps")
    expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#steps .at h2")).to_have_text("A unit")
    a_booking(surfer.house)
    expect(page.locator("#steps .at h2")).to_have_text("Where its bookings come from")


def test_what_holds_the_focus_is_left_alone(surfer: Surfer) -> None:
    """Nobody loses what they are doing; the page is told which part is older now."""
    surfer.house.make_user()
    page = surfer.signed_in()
    page.goto("/first-steps")
    expect(page.locator("#live")).to_have_text("Live")
    page.evaluate(
        """() => {
          window.kept = [];
          document.addEventListener("vacancy:kept", (event) => {
            window.kept.push(...event.detail.map((one) => one.id));
          });
          const heading = document.querySelector("#steps h2");
          heading.tabIndex = -1;
          heading.focus();
        }"""
    )
    a_booking(surfer.house)
    page.wait_for_function("() => window.kept.includes('steps')")
    expect(page.locator("#steps .at h2")).to_have_text("A unit")


def test_a_page_that_is_not_live_says_since_when(house: ConsoleHouse) -> None:
    """Twenty seconds after the connection was lost."""
    if chromium.found() is None:
        pytest.skip("there is no chromium on the PATH: pages were not tried in a browser")
    house.make_user()
    with chromium.launched() as browser:
        with chromium.served(house) as address:
            page = Surfer(house, browser, address).page()
            page.clock.install()
            page.goto("/sign-in")
            page.fill("input[name=name]", "Maya")
            page.fill("input[name=password]", PASSWORD)
            page.click("main button")
            page.wait_for_url("**/first-steps")
            page.clock.run_for(1000)
            expect(page.locator("#live")).to_have_text("Live")
        for _ in range(60):
            page.clock.run_for(1000)
            if page.locator("#live.off").is_visible():
                break
            page.wait_for_timeout(50)
        expect(page.locator("#live.off")).to_contain_text("Shown as of")
