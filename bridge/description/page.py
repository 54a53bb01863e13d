"""Both documents as one page for people, without scripts: reads OpenAPI and AsyncAPI, and nothing else."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from bridge.description.prose import inline, prose
from bridge.description.shape_view import Node, in_words, row, shape, shape_anchor, table

_METHODS = ("get", "post", "put", "delete")


def page(rest: Node, events: Node) -> str:
    """The page. Its style is beside it, at its own address with ``.css``."""
    schemas: dict[str, Node] = {**rest["components"]["schemas"], **events["components"]["schemas"]}
    operations = list(_operations(rest))
    main = "".join(
        [
            _part("rest", rest, rest["servers"][0]["url"], _security(rest)),
            *(
                _tag_section(tag, [each for each in operations if tag["name"] in each[2]["tags"]], schemas)
                for tag in rest["tags"]
            ),
            _part("events", events, ", ".join(_addresses(events)), ""),
            *(_channel(name, channel, events) for name, channel in events["channels"].items()),
            '<section class="part" id="schemas"><h1>Shapes</h1></section>',
            *(_schema_section(name, schemas[name]) for name in sorted(schemas)),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>dialbridge API</title><link rel="stylesheet" href="api.css"></head><body>'
        f"{_navigation(rest, operations, events, schemas)}<main>{main}</main></body></html>\n"
    )


def _operations(rest: Node) -> Iterator[tuple[str, str, Node]]:
    for path, item in rest["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]


def _addresses(events: Node) -> Iterator[str]:
    for server in events["servers"].values():
        yield f"{server['protocol']}://{server['host']}{server.get('pathname', '')}"


# ------------------------------------------------------------ the frame


def _navigation(rest: Node, operations: list[tuple[str, str, Node]], events: Node, schemas: Mapping[str, Node]) -> str:
    links = ['<a class="title" href="#rest">dialbridge API</a>', "<h2>REST</h2>"]
    for tag in rest["tags"]:
        links.append(f"<h3>{escape(tag['name'])}</h3>")
        links += [
            f'<a href="#{_anchor(method, path)}">{_badge(method)}<span>{inline(operation["summary"])}</span></a>'
            for method, path, operation in operations
            if tag["name"] in operation["tags"]
        ]
    links.append("<h2>Events</h2>")
    links += [
        f'<a href="#channel-{name}"><code>{escape(channel["address"])}</code></a>'
        for name, channel in events["channels"].items()
    ]
    links.append("<h2>Shapes</h2>")
    links += [f'<a href="#{shape_anchor(name)}"><code>{escape(name)}</code></a>' for name in sorted(schemas)]
    return f'<nav aria-label="Contents">{"".join(links)}</nav>'


def _part(anchor: str, document: Node, address: str, more: str) -> str:
    info = document["info"]
    raw = {"rest": "openapi.json", "events": "asyncapi.json"}[anchor]
    kind = f"OpenAPI {document['openapi']}" if "openapi" in document else f"AsyncAPI {document['asyncapi']}"
    return (
        f'<section class="part" id="{anchor}"><h1>{escape(info["title"])} <small>{escape(info["version"])}</small></h1>'
        f'<p class="address"><code>{escape(address)}</code> '
        f'<a href="../api/v2/{raw}">{kind} as JSON</a></p>{prose(info["description"])}{more}</section>'
    )


def _security(rest: Node) -> str:
    rows = (
        f"<dt>{escape(_scheme(scheme))}</dt><dd>{inline(scheme['description'])}</dd>"
        for scheme in rest["components"]["securitySchemes"].values()
    )
    return f"<h2>Who asks</h2><dl>{''.join(rows)}</dl>"


def _scheme(scheme: Node) -> str:
    return f"Cookie {scheme['name']}" if scheme["type"] == "apiKey" else f"HTTP {scheme['scheme'].capitalize()}"


# ------------------------------------------------------------ REST


def _tag_section(tag: Node, operations: Iterable[tuple[str, str, Node]], schemas: Mapping[str, Node]) -> str:
    body = "".join(_operation(*operation, schemas) for operation in operations)
    return f'<section class="group"><h2>{escape(tag["name"])}</h2>{prose(tag["description"])}{body}</section>'


def _operation(method: str, path: str, operation: Node, schemas: Mapping[str, Node]) -> str:
    parts = [
        f'<article id="{_anchor(method, path)}"><h3>{_badge(method)} <code>{escape(path)}</code></h3>',
        f'<p class="summary">{inline(operation["summary"])}'
        + ('<span class="open">no credentials needed</span>' if operation.get("security") == [] else "")
        + "</p>",
        prose(operation.get("description", "")),
    ]
    if parameters := operation.get("parameters"):
        rows = "".join(row(each["name"], each["schema"], each, note=each["in"]) for each in parameters)
        parts.append(f"<h4>Parameters</h4>{table(rows)}")
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        parts.append(f"<h4>Body</h4>{_body(content['schema'], schemas)}{_examples(content.get('examples', {}))}")
    answers = sorted(operation["responses"].items())
    yes = [(status, answer) for status, answer in answers if status < "300"]
    no = [(status, answer) for status, answer in answers if status >= "300"]
    parts += [_answer(status, answer) for status, answer in yes]
    if no:
        rows = "".join(
            f"<tr><td><b>{status}</b></td><td>{prose(answer['description'])}</td></tr>" for status, answer in no
        )
        parts.append(
            "<details><summary>Refusals</summary><table><thead><tr><th>HTTP</th><th><code>statusCode</code>, and when"
            f"</th></tr></thead><tbody>{rows}</tbody></table></details>"
        )
    return "".join(parts) + "</article>"


def _body(schema: Node, schemas: Mapping[str, Node]) -> str:
    """What is sent; where a member decides between shapes, what each of them is for."""
    if "discriminator" not in schema:
        return shape(schema)
    decides = f"<p><code>{escape(schema['discriminator']['propertyName'])}</code> decides:</p>"
    names = [each["$ref"].rpartition("/")[2] for each in schema["oneOf"]]
    rows = (
        f"<tr><td>{in_words(each)}</td><td>{inline(schemas[name].get('description', ''))}</td></tr>"
        for each, name in zip(schema["oneOf"], names, strict=True)
    )
    return f'{decides}<table class="named"><tbody>{"".join(rows)}</tbody></table>'


def _answer(status: str, answer: Node) -> str:
    ((kind, content),) = answer["content"].items()
    return f"<h4>Answer {status} <small>{escape(kind)}</small></h4>{shape(content['schema'])}"


# ------------------------------------------------------------ events


def _channel(name: str, channel: Node, events: Node) -> str:
    servers = [server["$ref"].rpartition("/")[2] for server in channel["servers"]]
    parts = [
        f'<article id="channel-{name}"><h3><span class="badge channel">channel</span> '
        f"<code>{escape(channel['address'])}</code></h3>",
        f'<p class="summary">{inline(channel["description"])}'
        f'<span class="open">{escape(", ".join(servers))}</span></p>',
    ]
    if messages := channel.get("messages"):
        senders = _senders(name, events)
        rows = "".join(
            f"<tr><td>{in_words(message['payload'])}</td><td>{senders.get(key, '')}</td>"
            f"<td>{inline(message['summary'])}{_fields(message)}</td></tr>"
            for key, message in messages.items()
        )
        parts.append(
            '<table class="named"><thead><tr><th>Message</th><th>From</th><th></th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
        parts += [
            _examples({example["summary"]: {"value": example["payload"]} for example in message["examples"]})
            for message in messages.values()
            if "examples" in message
        ]
    return "".join(parts) + "</article>"


def _senders(channel: str, events: Node) -> dict[str, str]:
    """Who sends each message of a channel."""
    senders: dict[str, str] = {}
    for operation in events["operations"].values():
        asked, answered = ("client", "server") if operation["action"] == "receive" else ("server", "client")
        for who, messages in (
            (asked, operation["messages"]),
            (answered, operation.get("reply", {}).get("messages", ())),
        ):
            for message in messages:
                if message["$ref"].startswith(f"#/channels/{channel}/"):
                    senders[message["$ref"].rpartition("/")[2]] = who
    return senders


def _fields(message: Node) -> str:
    """The fields around the data of a server-sent event."""
    fields = message.get("headers", {}).get("properties", {})
    words = (f"{name}: {field['const']}" if "const" in field else name for name, field in fields.items())
    codes = ", ".join(f"<code>{escape(word)}</code>" for word in words)
    return f'<span class="note">with {codes}</span>' if codes else ""


# ------------------------------------------------------------ what these share


def _schema_section(name: str, schema: Node) -> str:
    head = f'<article class="shape" id="{shape_anchor(name)}"><h3><code>{escape(name)}</code></h3>'
    return f"{head}{shape(schema)}</article>"


def _examples(examples: Mapping[str, Node]) -> str:
    return "".join(
        f"<details><summary>Example: {escape(name)}</summary>"
        f"<pre>{escape(json.dumps(example['value'], indent=2))}</pre></details>"
        for name, example in examples.items()
    )


def _badge(method: str) -> str:
    return f'<span class="badge {method}">{method.upper()}</span>'


def _anchor(method: str, path: str) -> str:
    return f"{method}-{re.sub(r'[^a-z0-9]+', '-', path.lower()).strip('-')}"
