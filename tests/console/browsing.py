"""The console under test: a house whose pages are asked in this process, as a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.asking import ApiHouse
from api.furnished import furnish
from hostile import HostileServer
from vacancy.access import login
from vacancy.api.door import Bounds, Door
from vacancy.api.stream import listen
from vacancy.console.app import make_console
from vacancy.daemon.web import side_by_side
from vacancy.domain.scopes import Role
from vacancy.services import keys, sign_in

PASSWORD = "olive loft by the sea"
#: Hashing takes a tenth of a second: once is enough.
_HASHED: list[str] = []


def hashed() -> str:
    """The hash of `PASSWORD`."""
    if not _HASHED:
        _HASHED.append(login.hash_password(PASSWORD))
    return _HASHED[0]


class ConsoleHouse(ApiHouse):
    """A house with its console beside its API; `browser()` is nobody's yet."""

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(folder, **more)
        console = make_console(self.front, partial(listen, self.front))
        self.app = Door(side_by_side(self.inner, console), self.chance, Bounds())

    ids: dict[str, list[str]]

    def browser(self, *, language: str = "en-GB", address: str = "192.0.2.1") -> Browser:
        """A browser that has no cookie of ours."""
        return Browser(self, language, address)

    def host(self, name: str = "Maya", role: Role = Role.OWNER, **more: Any) -> Browser:
        """A browser in which a new user of this role is signed in."""
        browser = self.browser(**more)
        self.make_user(name, role)
        browser.sign_in(name)
        return browser

    def make_user(self, name: str = "Maya", role: Role = Role.OWNER) -> str:
        """A user whose password is `PASSWORD`; their id."""
        with self.store.write() as session:
            user = keys.create_user(session, self.account_id, (name, None, role), self.at())
            token = sign_in.link_for(session, self.account_id, name, self.at())
            assert token is not None
            sign_in.use_link(session, token, name, (hashed(), "test"), self.at())
            sign_in.sign_out(session, user["id"])
        return user["id"]


@contextmanager
def furnished(folder: Path) -> Iterator[ConsoleHouse]:
    """A house with something of every kind, which `ids` names by kind, and the user Maya."""
    with HostileServer({}) as server:
        house = ConsoleHouse(folder, config=f'[network]\nallow_private = ["{server.origin}"]\n')
        house.make_user()
        house.ids = furnish(house, server, 1)
        try:
            yield house
        finally:
            house.close()


class Browser:
    """Follows links and sends forms as a page of ours would, with the token of its forms."""

    def __init__(self, house: ConsoleHouse, language: str, address: str) -> None:
        self.client = TestClient(
            house.app,
            base_url="http://127.0.0.1:8460",
            raise_server_exceptions=False,
            follow_redirects=False,
            client=(address, 50000),
            headers={"Accept-Language": language},
        )
        self.house = house
        self.name = ""

    def sign_in(self, name: str = "Maya", password: str = PASSWORD) -> Any:
        self.name = name
        return self.post("/sign-in", name=name, password=password)

    def ask(self, path: str, **headers: str) -> Any:
        """What a GET answers, whatever that is."""
        return self.client.get(path, headers=headers)

    def see(self, path: str) -> str:
        """The page at a path, where that is answered with 200 at once."""
        answer = self.ask(path)
        assert answer.status_code == 200, (answer.status_code, answer.headers, answer.text)
        return answer.text

    def post(self, path: str, **form: Any) -> Any:
        """What a form of ours gets; its token is added if anybody is signed in."""
        return self.send(path, {"form_token": self.form_token, **form})

    def send(self, path: str, form: dict[str, Any], **headers: str) -> Any:
        """What a POST gets, just as it is given."""
        said = {"Origin": "http://127.0.0.1:8460", "Sec-Fetch-Site": "same-origin", **headers}
        sent = {name: value for name, value in said.items() if value}
        return self.client.post(path, data=form, headers=sent)

    def done(self, path: str, **form: Any) -> str:
        """The page that a form ends on, once it was done; with the note that it leaves."""
        answer = self.post(path, **form)
        assert answer.status_code == 303, (answer.status_code, text_of(answer.text))
        return self.see(answer.headers["location"])

    def has(self, name: str, value: str) -> None:
        """Put a cookie into the browser, as somebody else might."""
        self.client.cookies.set(name, value, domain="127.0.0.1", path="/")

    @property
    def token(self) -> str:
        return self.client.cookies.get("vacancy_session") or ""

    @property
    def form_token(self) -> str:
        return login.form_token(self.token, bytes(32)) if self.token else ""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def text_of(html: str) -> str:
    """What a page says, with single spaces."""
    parser = _Text()
    parser.feed(html)
    return re.sub(r"\s+", " ", " ".join(parser.found)).strip()
