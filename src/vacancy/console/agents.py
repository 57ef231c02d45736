"""What a browser calls itself, as people know it."""

from __future__ import annotations

from vacancy.console.language import Language

#: The first of each that is found: most browsers name those before them as well.
_BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet")),
    *(("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome")),
    *(("Chrome/", "Chrome"), ("Safari/", "Safari")),
)
_SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("Mac OS X", "Mac"), ("CrOS", "Chromebook"), ("Linux", "Linux")),
)


def known_as(agent: str, say: Language) -> str:
    """`Chrome on Linux`; what nobody knows is told as its first word."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), agent.partition("/")[0])
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return say._("%(browser)s on %(system)s", browser=browser, system=system)
    return browser[:40] or say._("Unknown")
