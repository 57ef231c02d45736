"""Real `vacancy` processes under test: commands, and the daemon with its web and its log."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hostile import HostileServer
from vacancy.store.session import Store, open_store
from vacancy.vault import Vault, open_vault

ROOT = Path(__file__).resolve().parents[2]

#: Longest wait for anything a process is to do, so that a busy machine fails no test.
PATIENCE = 60.0


def environment(**more: str) -> dict[str, str]:
    """The environment of a process under test: ours without settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VACANCY_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **more}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command of the config in `folder`, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "vacancy", *arguments],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )


def until(holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until something holds; what it gave. Nobody who answers yet is no end of waiting."""
    end = time.monotonic() + patience
    while True:
        last = time.monotonic() >= end
        trouble: Exception | None = None
        try:
            if found := holds():
                return found
        except (OSError, http.client.HTTPException) as failure:
            trouble = failure
        if last:
            raise AssertionError(f"in {patience} s it never came to be that {what}") from trouble
        time.sleep(0.03)


#: Below those that the system gives to whoever asks for any: what is free stays free until a
#: process under test listens there. Test processes side by side begin at places of their own.
_PORTS = itertools.islice(itertools.cycle(range(12_000, 32_000)), os.getpid() * 211 % 20_000, None)


def free_port() -> int:
    """A port of loopback at which nobody listens, and which no other test is given soon."""
    for port in _PORTS:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("never reached: the ports come round")


def declare(
    folder: Path,
    server: HostileServer,
    port: int,
    units: Mapping[str, Mapping[str, str]],
    more: str = "",
) -> None:
    """Write the config: each unit's feeds as keys with paths of the server; `more` ends it."""
    text = f"""
[server]
listen = "127.0.0.1:{port}"
log = "json"
[network]
allow_private = ["{server.origin}"]
{more}
"""
    for slug, feeds in units.items():
        text += f'[[units]]\nslug = "{slug}"\ntimezone = "Europe/Rome"\n[units.feeds]\n'
        text += "".join(f'{key} = "{server.url(path)}"\n' for key, path in feeds.items())
    (folder / "vacancy.toml").write_text(text)


@contextmanager
def store_of(folder: Path) -> Iterator[Store]:
    """The store of the config in `folder`, looked into from outside."""
    store = open_store(f"sqlite:///{folder / 'var' / 'vacancy.db'}")
    try:
        yield store
    finally:
        store.close()


def vault_of(folder: Path) -> Vault:
    """What opens the sealed columns of the store in `folder`."""
    return open_vault(folder / "var")


class Daemon:
    """A running `vacancy serve` of the config in `folder`, listening on `port`; `words` follow."""

    def __init__(self, folder: Path, port: int, *words: str, **more: str) -> None:
        self.port = port
        self.file = folder / f"serve-{time.monotonic_ns()}.log"
        with self.file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vacancy", "serve", *words],
                cwd=folder,
                env=environment(**more),
                stdout=log,
                stderr=log,
            )

    @property
    def output(self) -> str:
        return self.file.read_text()

    def logged(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """The lines of the log about this event, with these fields, oldest first."""
        whole, _, _ = self.output.rpartition("\n")  # what follows is just being written
        lines = [line for line in whole.splitlines() if line.startswith("{") and event in line]
        wanted = {"event": event, **fields}.items()
        return [told for line in lines if wanted <= (told := json.loads(line)).items()]

    def has_logged(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """The same, waited for."""
        found = until(lambda: self.dead or self.logged(event, **fields), f"{event} is logged")
        assert found is not True, f"the daemon ended:\n{self.output[-3000:]}"
        return found

    @property
    def dead(self) -> bool:
        return self.process.poll() is not None

    def ready(self) -> None:
        """Wait until it says that it is."""
        self.has_logged("daemon.ready")
        until(lambda: self.get("/readyz").status == 200, "/readyz answers 200")

    def get(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """One request; `read()` was called, its result is in `.body`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            response = connection.getresponse()
            response.body = response.read()  # type: ignore[attr-defined]
            return response
        finally:
            connection.close()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(folder: Path, port: int, **more: str) -> Iterator[Daemon]:
    """A daemon that is ready, and gone when the block ends."""
    daemon = Daemon(folder, port, **more)
    try:
        daemon.ready()
        yield daemon
    finally:
        daemon.kill()
