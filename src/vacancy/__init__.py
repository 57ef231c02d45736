"""Vacancy: one truthful calendar per rentable unit."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("vacancy")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0"
