"""The picture: XML that a browser reads, with everything in it that was measured."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import plot
from bench.linear import Linear
from bench.operations import OPERATIONS
from bench.results import Run
from bench.svg import Drawing
from tests.bench.runs import make_measured, make_run

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str) -> list[str]:
    """All that is written in it."""
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]


def test_every_operation_and_server_is_drawn(tmp_path: Path) -> None:
    plot.write(make_run(), tmp_path / "images" / "bench.svg")
    written = texts((tmp_path / "images" / "bench.svg").read_text())
    assert set(OPERATIONS) <= set(written)
    assert {"Trellis", "PostGraphile 5", "the limit", "1,400", "650", "(2.2 x)"} <= set(written)


@pytest.mark.parametrize(
    "run",
    [
        make_run({"feed": make_measured({"limit": 100.0})}),
        make_run({"feed": make_measured({}, {"trellis": "cannot answer"})}),
        make_run({}),
        make_run(linear=Linear({"trellis": {}}, {}, {})),
        make_run()._replace(linear=None),
    ],
    ids=["without Trellis", "nobody answers", "no operation", "empty curves", "no curves"],
)
def test_a_run_with_gaps_can_be_drawn(run: Run) -> None:
    assert ET.fromstring(plot.draw(run)).tag == f"{SVG}svg"


def test_who_cannot_answer_has_words_in_place_of_a_bar() -> None:
    measured = {"feed": make_measured(), "deep": make_measured({"trellis": 100.0}, {"limit": "cannot answer"})}
    assert "no equal answer" in texts(plot.draw(make_run(measured)))


def test_who_is_not_asked_has_other_words() -> None:
    hidden = make_measured({"trellis": 100.0, "limit": 200.0})
    picture = texts(plot.draw(make_run({"feed": make_measured(), "hidden": hidden})))
    # not asked: FraiseQL and the three Python peers; asked: PostGraphile, Mercurius, one statement and level by level
    assert (picture.count("not asked"), picture.count("no equal answer")) == (4, 4)


def test_text_is_escaped() -> None:
    drawing = Drawing(100, "less < more & more")
    drawing.text(0, 0, "a < b & c")
    picture = ET.fromstring(drawing.document(20))
    assert picture.findtext(f"{SVG}title") == "less < more & more"
    assert picture.findtext(f"{SVG}text") == "a < b & c"


def test_no_shape_leaves_the_picture() -> None:
    picture = ET.fromstring(plot.draw(make_run()))
    left, top, width, height = (float(number) for number in picture.attrib["viewBox"].split())
    for box in picture.iter(f"{SVG}rect"):
        assert float(box.attrib["x"]) + float(box.attrib["width"]) <= left + width
        assert top <= float(box.attrib["y"]) <= top + height
    for text in picture.iter(f"{SVG}text"):
        assert left <= float(text.attrib["x"]) <= left + width
        assert top <= float(text.attrib["y"]) <= top + height
