"""The little of CommonMark that descriptions use, as HTML: paragraphs, lists, code, links; the rest is text."""

import re
from html import escape

_SPAN = re.compile(r"`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)")


def prose(text: str) -> str:
    """Paragraphs, and lists of lines that begin with ``- ``."""
    blocks = (block.strip() for block in text.split("\n\n"))
    return "".join(_list(block) if block.startswith("- ") else f"<p>{inline(block)}</p>" for block in blocks if block)


def inline(text: str) -> str:
    """One run of text with code and links. A link leads to this host alone."""
    parts: list[str] = []
    at = 0
    for found in _SPAN.finditer(text):
        parts.append(escape(text[at : found.start()]))
        code, label, target = found.groups()
        if code is not None:
            parts.append(f"<code>{escape(code)}</code>")
        elif target.startswith("/") and not target.startswith("//"):
            # Relative to a page one level deep, because a proxy may put a path of its own before everything.
            parts.append(f'<a href="..{escape(target)}">{escape(label)}</a>')
        else:
            parts.append(escape(found[0]))
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _list(block: str) -> str:
    return "<ul>" + "".join(f"<li>{inline(line.removeprefix('- '))}</li>" for line in block.splitlines()) + "</ul>"
