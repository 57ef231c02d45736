"""What the API says of itself: everything described, every field ready to be tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vacancy.api.app import schema

TOLD = schema()
SHAPES: dict[str, Any] = TOLD["components"]["schemas"]


def operations() -> Iterator[dict[str, Any]]:
    for ways in TOLD["paths"].values():
        yield from ways.values()


def whole(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape with what it refers to in its place."""
    named = SHAPES[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else {}
    return {**named, **shape}


def kinds(shape: dict[str, Any]) -> list[dict[str, Any]]:
    """The kinds of value that a field may hold."""
    return [shape, *map(whole, shape.get("anyOf", ()))]


def test_every_operation_and_parameter_says_what_it_is() -> None:
    """In a sentence; with the scope that it needs, and how it may fail."""
    for one in operations():
        assert one["summary"] and one["description"], one["operationId"]
        assert "Scope: `" in one["description"] or "Any key may ask." in one["description"]
        assert {"401", "404", "422", "429", "503"} <= set(one["responses"])
        for parameter in one.get("parameters", ()):
            assert parameter.get("description"), (one["operationId"], parameter["name"])


def test_no_parameter_is_null() -> None:
    """What an address or a header leaves out is not there."""
    for one in operations():
        for parameter in one.get("parameters", ()):
            assert "null" not in str(kinds(parameter["schema"])), parameter["name"]


def test_every_shape_and_field_says_what_it_is() -> None:
    """None is left to be guessed."""
    silent = [name for name, one in SHAPES.items() if not one.get("description")]
    assert [name for name in silent if SHAPES[name]["type"] == "object"] == []
    for name, shape in SHAPES.items():
        for field, one in shape.get("properties", {}).items():
            assert any(kind.get("description") for kind in kinds(whole(one))), (name, field)


def test_every_field_of_a_request_can_be_tried() -> None:
    """It has an example, or few values, or one that holds unless said."""
    ready = {"examples", "enum", "default"}
    for one in operations():
        body = one.get("requestBody")
        shape = whole(body["content"]["application/json"]["schema"]) if body else {}
        for field, described in shape.get("properties", {}).items():
            found = kinds(whole(described))
            plain = any(kind.get("type") in ("boolean", "object") for kind in found)
            assert plain or any(ready & {*kind} for kind in found), (one["operationId"], field)


def test_a_browser_can_authorize() -> None:
    """One bearer's key opens every operation, and /docs asks for it."""
    assert TOLD["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert all(one["security"] == [{"key": []}] for one in operations())
