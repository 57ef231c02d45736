"""Clients that speak slowly, half or without end, to a real daemon with its own bounds."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil
import pytest

from flows.serving import Daemon, free_port, serving

#: How long a client may take with its head, or with its body, in seconds.
DEADLINE = 15.0
MIB = 1024 * 1024
_HEAD = b"POST /v1/bookings HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"

Speak = Callable[[socket.socket], None]


def says(*said: bytes, pause: float = 0.0) -> Speak:
    """A client that says this, and then nothing more."""

    def speak(connection: socket.socket) -> None:
        for part in said:
            connection.sendall(part)
            time.sleep(pause)

    return speak


def drips(head: bytes, drop: bytes) -> Speak:
    """A client that goes on saying a little every now and then."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            time.sleep(0.5)

    return speak


def floods(head: bytes, wave: bytes) -> Speak:
    """A client that never stops."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(wave)

    return speak


SLOW: dict[str, tuple[Speak, bytes]] = {
    "nothing at all": (says(), b"408"),
    "half a head": (says(_HEAD), b"408"),
    "a head in drops": (drips(_HEAD, b"X-More: x\r\n"), b"408"),
    "half a body": (says(_HEAD + b"Content-Length: 100\r\n\r\n{"), b"408"),
    "a body in drops": (drips(_HEAD + b"Content-Length: 9999\r\n\r\n", b" "), b"408"),
    "a body in chunks without end": (
        drips(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        b"408",
    ),
    "a second head, half": (
        says(b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n", b"GET /liv", pause=0.5),
        b"200",
    ),
}
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
ENDLESS: dict[str, tuple[Speak, bytes]] = {
    "a body that says it is long": (
        floods(_HEAD + b"Content-Length: 99999999999\r\n\r\n", b" " * 65536),
        b"413",
    ),
    "a body without end": (floods(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK), b"413"),
    "a head without end": (floods(_HEAD, b"X-More: " + b"x" * 8000 + b"\r\n"), b"431"),
    "an address without end": (floods(b"GET /", b"x" * 65536), b"431"),
}


class Client(threading.Thread):
    """Speaks to the daemon; `told` is the first it was answered, `lasted` how long it was borne."""

    def __init__(self, daemon: Daemon, speak: Speak) -> None:
        super().__init__(daemon=True)
        self._port, self._speak = daemon.port, speak
        self.told, self.lasted = b"", float("inf")

    def run(self) -> None:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            speaking = threading.Thread(target=self._say, args=(connection,), daemon=True)
            speaking.start()
            with contextlib.suppress(OSError):
                while more := connection.recv(65536):
                    self.told += more
            self.lasted = time.monotonic() - began

    def _say(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._speak(connection)


@pytest.mark.timeout(240)
def test_nobody_holds_a_connection_by_being_slow_or_endless(tmp_path: Path) -> None:
    """Slow ones are let go after 15 s, endless ones at once, a hundred of each kind beside: the
    others are answered as ever, and the memory does not grow."""
    port = free_port()
    (tmp_path / "vacancy.toml").write_text(f'[server]\nlisten = "127.0.0.1:{port}"\nlog = "json"\n')
    with serving(tmp_path, port) as daemon:
        memory = psutil.Process(daemon.process.pid).memory_info
        before = memory().rss
        named = {
            name: (Client(daemon, speak), told)
            for name, (speak, told) in {**SLOW, **ENDLESS}.items()
        }
        crowd = [Client(daemon, SLOW["half a head"][0]) for _ in range(200)]
        for client in (*crowd, *(client for client, _ in named.values())):
            client.start()
        answered = [asked_in(daemon) for _ in range(10)]
        for client in (*crowd, *(client for client, _ in named.values())):
            client.join(timeout=60)
        for name, (client, told) in named.items():
            assert client.lasted < (DEADLINE + 20 if name in SLOW else DEADLINE), name
            # An endless one may be cut off before it reads what it is told.
            assert told in client.told[:12] or (name in ENDLESS and not client.told), name
        assert min(client.lasted for client in crowd) >= DEADLINE - 1
        assert max(client.lasted for client in crowd) < DEADLINE + 20
        assert median(answered) < 1
        assert max(answered) < 10
        assert memory().rss - before < 60 * MIB
        assert daemon.stop() == 0


def asked_in(daemon: Daemon) -> float:
    """How many seconds another's request takes meanwhile."""
    began = time.monotonic()
    assert daemon.get("/livez").status == 200
    time.sleep(0.5)
    return time.monotonic() - began - 0.5
