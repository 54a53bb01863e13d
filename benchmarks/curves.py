"""Draws curves as SVG, by hand: one chart, logarithmic axes, a line for each contestant; decides nothing."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
COLOURS = ("#0b63c5", "#d1495b", "#2e8540", "#b07d00", "#6b4c9a", "#444444")

Points = Sequence[tuple[float, float]]


def chart(title: str, x_label: str, y_label: str, lines: Mapping[str, Points]) -> str:
    """An SVG of ``lines``; both axes are logarithmic, so all values must be above zero."""
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points]
    x_low, x_high = _decade(min(xs), math.floor), _decade(max(xs), math.ceil)
    y_low, y_high = _decade(min(ys), math.floor), _decade(max(ys), math.ceil)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + width * (math.log10(x) - x_low) / max(1, x_high - x_low),
            TOP + height * (1 - (math.log10(y) - y_low) / max(1, y_high - y_low)),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 22, title, size=15),
        _text(LEFT + width / 2, HEIGHT - 10, x_label, anchor="middle"),
        f'<text transform="translate(16 {TOP + height / 2}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>',
    ]
    for power in range(x_low, x_high + 1):
        x, _ = at(10.0**power, 10.0**y_low)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{TOP + height}" stroke="#ddd"/>')
        parts.append(_text(x, TOP + height + 16, f"{10**power:,}", anchor="middle"))
    for power in range(y_low, y_high + 1):
        _, y = at(10.0**x_low, 10.0**power)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + width}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{10.0**power:,g}", anchor="end"))
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [at(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(_text(WIDTH - RIGHT + 12, TOP + 12 + 18 * number, name, colour=colour))
    return "\n".join([*parts, "</svg>", ""])


def _decade(value: float, rounded: object) -> int:
    return int(rounded(math.log10(value)))  # type: ignore[operator]


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = "#222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )
