"""Pictures of every page, for people to judge: at a desk and on a phone, light and dark.

`PYTHONPATH=src:tests:bench python -m console.pictures FOLDER`
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from console.browsing import furnished
from console.chromium import DESK, PHONE, Surfer, launched, paths, served


def take(surfer: Surfer, folder: Path) -> None:
    """A picture of each page that is looked at as it is, whole."""
    for size in (DESK, PHONE):
        for dark in (False, True):
            page = surfer.page(size, dark=dark)
            for path in ("/sign-in", *paths()):
                if path != "/sign-in" and page.url.endswith("/sign-in"):
                    page = surfer.signed_in(size=size, dark=dark)
                page.goto(path)
                name = f"{path.strip('/').replace('/', '-') or 'first'}"
                look = f"{size[0]}-{'dark' if dark else 'light'}"
                page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)


def main(folder: Path) -> None:
    """Take all pictures of a furnished house."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        furnished(Path(place)) as house,
        served(house) as address,
        launched() as browser,
    ):
        take(Surfer(house, browser, address), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
