"""Drawings of where and how sensors are worn, as SVG in the colours and shapes that every report uses."""

from __future__ import annotations

LEFT, RIGHT, SKIN, INK, STRAP = "#0072B2", "#D55E00", "#E2E5EA", "#1B2733", "#5B6673"

PLACES = {
    "upper arm": (62, 122),
    "forearm": (50, 158),
    "wrist": (38, 203),
    "hip": (84, 182),
    "thigh": (80, 240),
    "shank": (79, 318),
    "ankle": (79, 352),
    "foot": (74, 376),
}
"""Middle of each place on the left limb, on a figure whose own middle is at x = 110."""

MIDDLE = 110


def body() -> str:
    """A figure from behind, so that its left is the reader's left, with every pair of places."""
    parts = [_figure()]
    for name, (x, y) in PLACES.items():
        mirrored = 2 * MIDDLE - x
        parts += [
            f'<path d="M{mirrored} {y} H262" stroke="{STRAP}" stroke-dasharray="2 3"/>',
            _circle(x, y, 6),
            _diamond(mirrored, y, 7),
            _text(268, y + 4, name),
        ]
    parts += [
        _circle(24, 20, 6),
        _text(36, 25, "LEFT", LEFT, weight=700),
        _diamond(154, 20, 7),
        _text(166, 25, "RIGHT", "#B24E00", weight=700),
        _text(MIDDLE, 404, "seen from behind", STRAP, anchor="middle"),
    ]
    words = "A figure from behind with a sensor on the left and the right: " + ", ".join(PLACES)
    return _svg(350, 414, words, parts)


def tightness() -> str:
    """The same strap three times: right, loose, and at different heights."""
    parts = []
    for k, (title, low, shift, good) in enumerate(
        [
            ("same height, tight", 0, 0, True),
            ("one side lower", 46, 0, False),
            ("loose strap", 0, 9, False),
        ]
    ):
        x = 20 + 190 * k
        for side, left in ((0, True), (1, False)):
            limb = x + 20 + 70 * side
            y = 92 + (low if not left else 0)
            parts.append(
                f'<path d="M{limb} 36 C{limb - 6} 90 {limb + 2} 140 {limb + 8} 190 L{limb + 36} 190 '
                f'C{limb + 46} 140 {limb + 50} 90 {limb + 44} 36 Z" fill="{SKIN}"/>'
            )
            wide = 4 + (shift if not left else 0)
            tilt = f' transform="rotate(14 {limb + 22} {y})"' if shift and not left else ""
            parts.append(
                f'<g{tilt}><rect x="{limb - wide}" y="{y - 7}" width="{44 + 2 * wide}" height="14" rx="5" '
                f'fill="none" stroke="{STRAP}" stroke-width="3"/>'
                + (_circle(limb + 22, y, 9) if left else _diamond(limb + 22, y, 10))
                + "</g>"
            )
        mark, colour = ("✓", INK) if good else ("✗", INK)
        parts += [_text(x + 78, 22, f"{mark} {title}", colour, anchor="middle", weight=700 if good else 400)]
    words = "Three pairs of shanks: straps tight and at the same height; one side lower; one strap loose"
    return _svg(580, 204, words, parts)


def _figure() -> str:
    m = MIDDLE
    arm = "C70 92 58 110 54 140 L36 204 C32 214 42 218 46 208 L66 158 L80 122"
    leg = "L76 196 C72 240 74 280 72 310 L72 366 L62 378 L92 380 L92 310 C94 280 100 250 106 214"
    half = f"M{m} 78 L92 82 {arm} {leg} L{m} 210 Z"
    return (
        f'<g fill="{SKIN}"><circle cx="{m}" cy="52" r="20"/><rect x="{m - 7}" y="66" width="14" height="18"/>'
        f'<path d="{half}"/><path d="{half}" transform="matrix(-1 0 0 1 {2 * m} 0)"/></g>'
    )


def _circle(x: float, y: float, r: float) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{r}" fill="{LEFT}" stroke="#fff" stroke-width="1.5"/>'


def _diamond(x: float, y: float, r: float) -> str:
    points = f"{x},{y - r} {x + r},{y} {x},{y + r} {x - r},{y}"
    return f'<polygon points="{points}" fill="{RIGHT}" stroke="#fff" stroke-width="1.5"/>'


def _text(
    x: float, y: float, words: str, fill: str = INK, *, anchor: str = "start", weight: int = 400
) -> str:
    font = f'font-family="Inter, DejaVu Sans, sans-serif" font-size="13" font-weight="{weight}"'
    return f'<text x="{x}" y="{y}" {font} fill="{fill}" text-anchor="{anchor}">{words}</text>'


def _svg(width: int, height: int, words: str, parts: list[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{words}">'
    ground = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    return "\n".join([head, ground, *parts, "</svg>\n"])
