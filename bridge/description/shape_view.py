"""How one JSON schema looks on the page: its members as a table, its type in few words; finds no schema by itself."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any, cast

from bridge.description.prose import prose

Node = Mapping[str, Any]


def shape(schema: Node) -> str:
    """A schema at length: its description, and its members or alternatives."""
    text = prose(schema.get("description", ""))
    if "oneOf" in schema and all("$ref" not in each for each in schema["oneOf"]):
        return text + '<p class="or">or</p>'.join(
            f'<div class="choice">{shape(each)}</div>' for each in schema["oneOf"]
        )
    if properties := schema.get("properties"):
        required = schema.get("required", ())
        rows = "".join(
            row(name, member, {"required": name in required, "description": member.get("description", "")})
            for name, member in properties.items()
        )
        return text + table(rows)
    if schema.get("type") == "object" and len(schema) <= 3:
        return text
    return f"{text}<p>{in_words(schema)}</p>"


def table(rows: str) -> str:
    """A table of what `row` made."""
    return f'<table class="members"><tbody>{rows}</tbody></table>'


def row(name: str, schema: Node, about: Node, note: str = "") -> str:
    """A member or parameter; ``about`` says whether it is required, and may describe it better than its schema."""
    marks = "".join(
        f'<span class="{kind}">{escape(text)}</span>'
        for kind, text in (("required", "required" if about.get("required") else ""), ("note", note))
        if text
    )
    description = about.get("description") or schema.get("description", "")
    nested = _nested(schema)
    return (
        f"<tr><td><code>{escape(name)}</code>{marks}</td><td>{in_words(schema)}</td>"
        f"<td>{prose(description)}{nested}</td></tr>"
    )


def _nested(schema: Node) -> str:
    inner = cast(Node, schema.get("items", schema))
    return shape({**inner, "description": ""}) if "properties" in inner else ""


def in_words(schema: Node) -> str:
    """A schema in few words."""
    match schema:
        case {"$ref": str(target)}:
            name = target.rpartition("/")[2]
            return f'<a href="#{shape_anchor(name)}"><code>{escape(name)}</code></a>'
        case {"const": value}:
            return f"<code>{escape(json.dumps(value))}</code>"
        case {"enum": list(values)}:
            return (
                '<span class="words">' + " ".join(f"<code>{escape(str(value))}</code>" for value in values) + "</span>"
            )
        case {"oneOf": list(kinds)} | {"anyOf": list(kinds)} if "type" not in schema:
            return " or ".join(dict.fromkeys(in_words(each) for each in kinds))
        case {"type": "array", "items": items}:
            return f"list of {in_words(items)}"
        case {"type": list(kinds)}:
            return " or ".join(in_words({**schema, "type": each}) if each != "null" else each for each in kinds)
        case {"type": str(kind)}:
            return f"{escape(schema.get('format', kind))}{_limits(schema)}"
    return "anything"


def _limits(schema: Node) -> str:
    words = [f"<code>{escape(schema['pattern'])}</code>"] if len(schema.get("pattern", "")) in range(1, 30) else []
    words += [
        f"{word} {schema[keyword]}"
        for keyword, word in (("minimum", "from"), ("maximum", "to"))
        if keyword in schema and abs(schema[keyword]) < 1 << 31
    ]
    return "".join(f" <small>{word}</small>" for word in words)


def shape_anchor(name: str) -> str:
    """Where the page has the shape of that name."""
    return f"shape-{name}"
