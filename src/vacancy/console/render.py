"""From a template and what it shows to HTML: escaped, and with nothing missing shown as empty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vacancy.access.login import form_token
from vacancy.console import assets, guard
from vacancy.console.language import LANGUAGES, Language, translations


@cache
def _environment(code: str) -> Environment:
    made = Environment(
        loader=PackageLoader("vacancy.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(translations(code), newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(asset=assets.address, languages=LANGUAGES)
    return made


def render(template: str, say: Language, shown: Mapping[str, Any]) -> str:
    """The HTML of a template of `templates/`."""
    return _environment(say.code).get_template(template).render(say=say, **shown)


def form_field(token: str, pad: bytes) -> Markup:
    """The hidden field that every form carries; empty of who is not signed in."""
    value = form_token(token, pad) if token else ""
    return Markup('<input type="hidden" name="{}" value="{}">').format(guard.FORM_FIELD, value)
