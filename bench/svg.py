"""A small writer of SVG: shapes and text, in colours that suit light and dark pages.

Source: https://developer.mozilla.org/en-US/docs/Web/SVG
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

MARGIN = 8
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.note, .tick { fill: #6e7781; font-size: 11px }
.bar { fill: #afb8c1 } .ours { fill: #1a7f37 } .limit { fill: none; stroke: #6e7781; stroke-dasharray: 3 2 }
.range { stroke: #24292f; stroke-opacity: .55 }
.grid { stroke: #d0d7de; stroke-width: .5 }
.line { fill: none; stroke: #afb8c1; stroke-width: 2 } .line.ours { stroke: #1a7f37; fill: none }
.further { stroke-width: 1.2; stroke-dasharray: 4 3 } .dot.further { display: none }
.dot { fill: #afb8c1; stroke: none } .dot.ours { fill: #1a7f37 }
.strong { font-weight: 600 }
.disc { fill: #1a7f37 } .number { fill: #ffffff; font-size: 11px; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note, .tick { fill: #8d96a0 }
  .bar, .dot { fill: #57606a } .line { stroke: #6e7681 }
  .ours, .dot.ours { fill: #3fb950 } .line.ours { stroke: #3fb950; fill: none }
  .limit { fill: none; stroke: #8d96a0 } .range { stroke: #e6edf3 } .grid { stroke: #30363d }
  .disc { fill: #3fb950 } .number { fill: #0d1117 }
}
"""


class Drawing:
    """A picture that grows shape by shape; lengths are pixels."""

    def __init__(self, width: float, description: str, style: str = "") -> None:
        """`style` adds classes to those that every picture has."""
        self._width = width
        self._description = description
        self._style = f"{STYLE}{style}"
        self._shapes = list[str]()

    def rectangle(self, x: float, y: float, width: float, height: float, style: str) -> None:
        """A filled or framed box."""
        size = f'width="{max(0.0, width):.1f}" height="{height:.1f}"'
        self._shapes.append(f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" {size} rx="2"/>')

    def line(self, start: tuple[float, float], end: tuple[float, float], style: str) -> None:
        """A straight line."""
        (x1, y1), (x2, y2) = start, end
        self._shapes.append(f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def curve(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """A line through points, with a dot at each."""
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._shapes.append(f'<polyline class="line {style}" points="{joined}"/>')
        self._shapes += [f'<circle class="dot {style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]

    def disc(self, center: tuple[float, float], number: str) -> None:
        """A disc with a number in it."""
        x, y = center
        self._shapes.append(f'<circle class="disc" cx="{x:.1f}" cy="{y:.1f}" r="9"/>')
        self.text(x, y + 4, number, "number", "middle")

    def text(self, x: float, y: float, words: str, style: str = "", anchor: str = "start") -> None:
        """A line of text; `anchor` is start, middle or end."""
        self._shapes.append(
            f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def document(self, height: float) -> str:
        """The whole picture, this high."""
        box = f"{-MARGIN} {-MARGIN} {self._width + 2 * MARGIN:.0f} {height + 2 * MARGIN:.0f}"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img">'
        title = f"<title>{escape(self._description)}</title>"
        return "\n".join([head, title, f"<style>{self._style}</style>", *self._shapes, "</svg>", ""])
