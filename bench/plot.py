"""What a run found, as a picture: a panel of bars for each operation, and two curves that should be flat."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.linear import FIELDS, ROWS, Curve, Linear, further
from bench.operations import OPERATIONS
from bench.results import Figures, Run, ratios, summed
from bench.servers import LIMIT, ONE_STATEMENT, SERVERS, TRELLIS
from bench.svg import Drawing

WIDTH = 920
COLUMNS = 2
GUTTER = 40
HEADING = 50
PANEL = (WIDTH - GUTTER * (COLUMNS - 1)) / COLUMNS
LABELS = 150
NUMBERS = 100
BAR = 14
STEP = 20
HEAD = 40
CHART = 130
LINE = 14

CORES = "One core for the server, one for PostgreSQL and the load."


def write(run: Run, file: Path) -> None:
    """Draw the run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(draw(run))


def draw(run: Run) -> str:
    """The picture, as SVG."""
    names = [name for name in SERVERS if any(name in measured.samples for measured in run.measured.values())]
    found = summed(run)
    drawing = Drawing(WIDTH, "Requests per second of Trellis and its peers, operation by operation")
    drawing.text(0, 14, "Requests per second", "title")
    drawing.text(0, 30, "Median and range; in brackets, Trellis's rate over theirs. " + CORES, "note")
    top: float = HEADING
    height = HEAD + STEP * len(names) + GUTTER / 2
    pixels = (PANEL - LABELS - NUMBERS) / max((_longest(by_server) for by_server in found.values()), default=1)
    for number, (operation, by_server) in enumerate(found.items()):
        row, column = divmod(number, COLUMNS)
        _bars(drawing, column * (PANEL + GUTTER), top + row * height, operation, names, by_server, pixels)
    top += math.ceil(len(found) / COLUMNS) * height
    if run.linear is not None:
        _curves(drawing, top, run.linear)
        top += HEAD + CHART + LINE
    return drawing.document(top)


def _unit(found: Mapping[str, Figures]) -> float:
    """The rate whose bar is as long in every panel: Trellis's, else the best."""
    if TRELLIS in found:
        return found[TRELLIS].rps
    return max((figure.rps_max for figure in found.values()), default=1)


def _longest(found: Mapping[str, Figures]) -> float:
    return max((figure.rps_max for figure in found.values()), default=1) / _unit(found)


def _bars(
    drawing: Drawing,
    x: float,
    y: float,
    operation: str,
    names: Sequence[str],
    found: Mapping[str, Figures],
    pixels: float,
) -> None:
    drawing.text(x, y + 14, operation, "title")
    drawing.text(x, y + 30, OPERATIONS[operation].asks, "note")
    left, scale, times = x + LABELS, pixels / _unit(found), ratios(found)
    for place, name in enumerate(names):
        top = y + HEAD + place * STEP
        middle = top + BAR / 2
        drawing.text(left - 8, top + 11, SERVERS[name].title, "strong" if name == TRELLIS else "", "end")
        if name not in found:
            asked = SERVERS[name].answers(OPERATIONS[operation])
            drawing.text(left, top + 11, "no equal answer" if asked else "not asked", "note")
            continue
        figure, style = found[name], {TRELLIS: "ours", LIMIT: "limit", ONE_STATEMENT: "limit"}.get(name, "bar")
        end = left + figure.rps_max * scale
        drawing.rectangle(left, top, figure.rps * scale, BAR, style)
        drawing.line((left + figure.rps_min * scale, middle), (end, middle), "range")
        drawing.text(end + 6, top + 11, f"{figure.rps:,.0f}")
        if name in times:
            drawing.text(left + PANEL - LABELS, top + 11, f"({_times(times[name])})", "note", "end")


def _times(ratio: float) -> str:
    """Two digits, and no more than a reader compares."""
    digits = 0 if ratio >= 10 else 1 if ratio >= 1 else 2
    return f"{ratio:.{digits}f} x"


def _curves(drawing: Drawing, y: float, linear: Linear) -> None:
    rows = {SERVERS[name].title: curve for name, curve in linear.per_row.items() if curve}
    _chart(drawing, 0, y, "µs for a row of a feed this long", ROWS, rows)
    fields = {SERVERS[TRELLIS].title: linear.per_field} if linear.per_field else {}
    _chart(drawing, PANEL + GUTTER, y, "µs for a field of a new document this long", FIELDS, fields)


def _chart(drawing: Drawing, x: float, y: float, title: str, sizes: Sequence[int], curves: Mapping[str, Curve]) -> None:
    """Both axes go by powers of ten."""
    values = [us for curve in curves.values() for us in (*curve.values(), *further(curve).values()) if us > 0]
    if not values:
        return
    drawing.text(x, y + 14, title, "title")
    drawing.text(x, y + 30, "with all that a request costs; dashed: for one more, from the size before", "note")
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])
    left, right, top, bottom = x + 48, x + PANEL - 90, y + 44, y + 24 + CHART

    def place(size: float, us: float) -> tuple[float, float]:
        across = (math.log10(size) - first) / (last - first)
        up = (math.log10(us) - low) / max(1, high - low)
        return left + across * (right - left), bottom - up * (bottom - top)

    for power in range(low, high + 1):
        level = place(sizes[0], 10.0**power)[1]
        drawing.line((left, level), (right, level), "grid")
        drawing.text(left - 6, level + 4, f"{10.0**power:,g}", "tick", "end")
    for size in sizes:
        drawing.text(place(size, 10.0**low)[0], bottom + 16, f"{size:,}", "tick", "middle")
    lowest_label = bottom + LINE
    for name, curve in sorted(curves.items(), key=lambda named: named[1].get(sizes[-1], 0)):
        style = ("ours", "strong") if name == SERVERS[TRELLIS].title else ("", "")
        points = [place(size, us) for size, us in sorted(curve.items())]
        drawing.curve(points, style[0])
        drawing.curve([place(size, us) for size, us in further(curve).items() if us > 0], f"further {style[0]}")
        lowest_label = min(points[-1][1] + 4, lowest_label - LINE)  # labels of neighbours stand apart
        drawing.text(points[-1][0] + 8, lowest_label, name, style[1])
