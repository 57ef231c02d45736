"""The API of a house under test on a loopback port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from api.asking import ApiHouse
from vacancy.api.door import Bounds
from vacancy.daemon.connection import speaking_within


@contextmanager
def served(api: ApiHouse) -> Iterator[str]:
    """Its address while the block runs."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        api.app,
        http=speaking_within(Bounds().time),
        lifespan="off",
        log_config=None,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
