"""The command as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Host


def test_the_module_runs_and_says_its_exit_code(host: Host) -> None:
    """`python -m vacancy`: 0 done, 2 a wrong config, one document on stdout."""
    done = host.start("status", "--json")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, b"")
    assert out.startswith(b"{")
    host.config("[server]\nlisten = 1\n")
    refused = host.start("status")
    out, err = refused.communicate(timeout=60)
    assert (refused.returncode, out) == (2, b"")
    assert b"server.listen" in err


def test_a_reader_that_leaves_is_no_failure(host: Host) -> None:
    """`vacancy events | head -1` is quiet."""
    for words in (["events", "--json"], ["events"]):
        with host.start(*words) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 0


def test_two_first_commands_at_once_make_one_store(host: Host) -> None:
    """Both end well, and the unit is there once."""
    both = [host.start("status", "--json") for _ in range(2)]
    ended = [process.communicate(timeout=90) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert len(host.run("exports", "--json").document["data"]) == 2


def test_help_loads_no_machinery(host: Host) -> None:
    """The help of every command is there without the store, the reader or the client."""
    probe = (
        "import sys; from vacancy.cli.app import run; run(['--help']);"
        " sys.exit(bool({'sqlalchemy', 'pydantic', 'icalendar', 'httpx'} & {*sys.modules}))"
    )
    assert subprocess.call([sys.executable, "-c", probe], stdout=subprocess.DEVNULL) == 0


def test_an_interrupt_is_quiet(host: Host) -> None:
    """Ctrl-C while waiting for an answer: exit 130, no word."""
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        host.config(f'[network]\nallow_private = ["127.0.0.1:{port}"]\n')
        # A shell that started the tests beside itself may have had it ignored.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        process = host.start("check", f"http://127.0.0.1:{port}/x.ics")
        signal.signal(signal.SIGINT, before)
        connection, _ = silent.accept()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 130
    assert err == b""
