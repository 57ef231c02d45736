"""A caller that answers as it was told, in place of the network."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vacancy.net.client import Called, FetchFailed
from vacancy.secret import Secret
from vacancy.sources.wire import Authority, Key, Wire

KEY = "key-that-is-secret"


def answer(
    document: Any = None,
    status: int = 200,
    *,
    raw: bytes | None = None,
    retry_after: timedelta | datetime | None = None,
    **head: str,
) -> Called:
    body = raw if raw is not None else b"" if document is None else json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in head.items()}
    return Called(status, named, body, retry_after, 1)


@dataclass(frozen=True, slots=True)
class Sent:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None

    @property
    def document(self) -> Any:
        return None if self.body is None else json.loads(self.body)


class Pretend:
    """Gives the answers in turn; the last one again and again."""

    def __init__(self, *answers: Called | FetchFailed) -> None:
        self.answers = deque(answers)
        self.sent: list[Sent] = []

    async def call(
        self, method: str, url: Secret, headers: dict[str, str], body: bytes | None = None
    ) -> Called:
        self.sent.append(Sent(method, url.reveal(), headers, body))
        said = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, FetchFailed):
            raise said
        return said


def wire(
    *answers: Called | FetchFailed, authority: Authority | None = None
) -> tuple[Wire, Pretend]:
    """A wire to a system that answers so."""
    pretend = Pretend(*answers)
    key = authority or Key(Secret(KEY))
    return Wire(pretend, "https://api.example/v1", key, "Example"), pretend
