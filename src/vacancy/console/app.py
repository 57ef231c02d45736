"""The application of the console: every page under its address."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vacancy.console import assets, first_steps, sign_in, trouble, you
from vacancy.console.front import Front, Listen
from vacancy.console.live import PATH, Live
from vacancy.console.served import Served, recognise, stranger
from vacancy.console.visitor import Shell

#: The pages, a room a theme.
ROOMS = (sign_in.room, you.room, first_steps.room)


def make_console(front: Front, listen: Listen) -> Starlette:
    """The console of a house; `listen` opens a stream on the journal."""
    shell = Shell(front, [item for room in ROOMS for item in room.items])

    async def nothing(request: Request, _: Exception) -> Response:
        visitor = await recognise(stranger(shell, request))
        return await visitor.respond(trouble.missing(visitor.say))

    routes = [
        Route(way.path, Served(shell, way).__call__, methods=[way.method])
        for room in ROOMS
        for way in room.ways
    ]
    routes.append(Route(PATH, Live(shell, listen).__call__, methods=["GET"]))
    routes.append(Route(f"{assets.PREFIX}{{name}}", assets.serve, methods=["GET"]))
    return Starlette(routes=routes, exception_handlers={404: nothing, 405: nothing})
