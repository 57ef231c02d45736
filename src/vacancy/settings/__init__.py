"""What the host wrote down: the whole of `vacancy.toml`, read once, frozen, wrong values named.

Sits on the bottom floor and imports nothing of ours. Secrets (feed addresses, alert addresses, the
database's address) are `SecretStr`: no repr, str or dump shows them.
"""

from vacancy.settings.load import MINIMAL, SettingsError, find, load
from vacancy.settings.models import (
    EVERYONE,
    Alerts,
    Api,
    ExportWish,
    Feed,
    Limits,
    Network,
    Polling,
    Release,
    Server,
    Settings,
    Source,
    Unit,
    digest,
)
from vacancy.settings.values import CHANNELS

__all__ = [
    "CHANNELS",
    "EVERYONE",
    "MINIMAL",
    "Alerts",
    "Api",
    "ExportWish",
    "Feed",
    "Limits",
    "Network",
    "Polling",
    "Release",
    "Server",
    "Settings",
    "SettingsError",
    "Source",
    "Unit",
    "digest",
    "find",
    "load",
]
