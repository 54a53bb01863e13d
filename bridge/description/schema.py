"""The words in which shapes of JSON are described, those that OpenAPI 3.1 and AsyncAPI 3.0 share; names no shape."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

Schema = Mapping[str, object]
"""A JSON schema, with keywords only that draft 7 and draft 2020-12 read alike."""

NONE: Mapping[str, Schema] = MappingProxyType({})


def ref(name: str) -> Schema:
    """A shape that has a name in ``components.schemas``, where both documents have it."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str = "", **keywords: object) -> Schema:
    """A string."""
    return _described({"type": "string", **keywords}, description)


def const(word: str, description: str = "") -> Schema:
    """A string that is always the same."""
    return _described({"type": "string", "const": word}, description)


def whole(description: str = "", **keywords: object) -> Schema:
    """An integer."""
    return _described({"type": "integer", **keywords}, description)


def flag(description: str = "") -> Schema:
    """True or false."""
    return _described({"type": "boolean"}, description)


def words(table: Iterable[str], description: str = "") -> Schema:
    """One of some words."""
    return _described({"type": "string", "enum": list(table)}, description)


def words_or_others(name: str, description: str) -> Schema:
    """One of the words of the shape ``name``, or one that a GWS behind dialbridge has and dialbridge does not know."""
    other = text("A word of the GWS behind dialbridge (`--switch gws`) that is passed on as it came.")
    return {"anyOf": [ref(name), other], "description": description}


def many(items: Schema, description: str = "", **keywords: object) -> Schema:
    """An array."""
    return _described({"type": "array", "items": items, **keywords}, description)


def record(
    description: str, required: Mapping[str, Schema], optional: Mapping[str, Schema] = NONE, *, closed: bool = True
) -> Schema:
    """An object; ``closed``: without other members."""
    shape: dict[str, object] = {"type": "object", "description": description, "properties": {**required, **optional}}
    if required:
        shape["required"] = list(required)
    if closed:
        shape["additionalProperties"] = False
    return shape


def or_null(shape: Schema) -> Schema:
    """The same, or null, which in a request is as good as absent."""
    if isinstance(shape.get("type"), str) and "enum" not in shape and "const" not in shape:
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]}


def _described(shape: dict[str, object], description: str) -> Schema:
    return {**shape, "description": description} if description else shape
