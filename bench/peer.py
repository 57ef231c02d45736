"""Programs of others that ours is measured beside, each installed in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def installed(name: str, version: str) -> Path | str:
    """Its program, installed at the first run; or why it cannot be had."""
    place = Path(sys.prefix) / name
    program = place / "bin" / name
    if program.exists():
        return program
    uv = shutil.which("uv") or shutil.which("uv", path=Path(sys.executable).parent)
    if uv is None:
        return "uv is not here to install it"
    wanted, python = f"{name}=={version}", str(place / "bin" / "python")
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)],
        [uv, "pip", "install", "--quiet", "--python", python, wanted],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            return f"{wanted} could not be installed"
    return program
