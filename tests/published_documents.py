"""Reads the five published documents: `python tests/published_documents.py FROM TO` makes the CSVs.

FROM is the folder of the documents (../shared/published), TO the folder of the CSVs
(data/published), one file a suite, columns as in `retable.published`. The documents differ in
their markdown, so each has a reader of its own; what they share is at the end of this file.
"""

import csv
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

CUDA_ERROR = "terminate called after throwing an instance of 'nvinfer1::CudaRuntimeError'"
CENTERNET_ERROR = (
    "CenterNet MobileNetV2 (detection and keypoints) will result in an error inference "
    "by the saved model"
)


class Row(NamedTuple):
    """One published value as the CSV holds it, and its columns in their order."""

    table: str
    row: str
    column: str
    text: str
    value: str
    failed: str


class Grid(NamedTuple):
    """A markdown table under its nearest heading; a row may have fewer cells than the header."""

    heading: str
    header: list[str]
    rows: list[list[str]]


def fast_scnn(document: str) -> Iterator[Row]:
    latency, argmax = grids(document)
    yield from values("latency", latency, keys=1)
    model = ""
    for cells in argmax.rows:
        model = cells[0] = cells[0] or model  # an input is printed once, over five rows
    for row in values("argmax", argmax, keys=2, placeholder="*"):
        yield row if row.value else row._replace(failed=CUDA_ERROR)


def segmentation_split(document: str) -> Iterator[Row]:
    nano, xavier_nx, rtx_3090 = grids(document)
    yield from values("xavier-nano", nano, keys=2)
    # Five columns in the header, four cells in each row: the mode stands under GFlops.
    network, resolution, latency, _, mode = xavier_nx.header
    moved = Grid(
        xavier_nx.heading,
        [network, resolution, mode, latency],
        [[cells[0], cells[1], cells[3], cells[2]] for cells in xavier_nx.rows],
    )
    yield from values("xavier-nx", moved, keys=3)
    yield from values("rtx-3090", rtx_3090, keys=2)


def tf2_detection_zoo(document: str) -> Iterator[Row]:
    for table, grid in zip(("none", "gpu", "gpu-and-cpu"), grids(document), strict=True):
        for row in values(table, grid, keys=3):
            if row.row.startswith("CenterNet MobileNetV2 FPN"):
                yield row._replace(value="", failed=CENTERNET_ERROR)  # its zeros are placeholders
            else:
                yield row


def paddleseg(document: str) -> Iterator[Row]:
    (grid,) = grids(document)
    yield from values("cityscapes", grid, keys=3)


def paddle_keypoints(document: str) -> Iterator[Row]:
    python, cpp, _ = grids(document)
    yield from values("python", python, keys=1)
    yield from values("cpp", cpp, keys=1)


def paddle_keypoints_mobile(document: str) -> Iterator[Row]:
    *_, mobile = grids(document)
    yield from values("mobile", mobile, keys=1)


SUITES: dict[str, tuple[str, Callable[[str], Iterator[Row]]]] = {
    "fast-scnn": ("fast-scnn.md", fast_scnn),
    "segmentation-split": ("segmentation-split.md", segmentation_split),
    "tf2-detection-zoo": ("tf2-detection-zoo.md", tf2_detection_zoo),
    "paddleseg": ("paddleseg.md", paddleseg),
    "paddle-keypoints": ("paddle-keypoints.md", paddle_keypoints),
    "paddle-keypoints-mobile": ("paddle-keypoints.md", paddle_keypoints_mobile),
}


def published_rows(suite: str, documents: Path) -> list[Row]:
    """All values that the document of `suite` publishes for it, in the document's order."""
    name, read = SUITES[suite]
    return list(read((documents / name).read_text(encoding="utf-8")))


def grids(document: str) -> Iterator[Grid]:
    """The markdown tables of a document, in order."""
    heading = ""
    lines: list[list[str]] = []
    for line in [*document.splitlines(), ""]:
        if "|" in line and not line.startswith("#") and "](" not in line:
            lines.append([cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        if lines:
            header, _, *rows = lines  # the second line is dashes and colons
            yield Grid(heading, header, rows)
            lines = []
        if line.startswith("#"):
            heading = line.lstrip("# ")


def values(table: str, grid: Grid, keys: int, placeholder: str | None = None) -> Iterator[Row]:
    """One row a value: the first `keys` cells label the row. An empty cell publishes nothing."""
    for cells in grid.rows:
        label = " | ".join(cells[:keys])
        for column, text in zip(grid.header[keys:], cells[keys:], strict=False):
            if text:
                value = "" if text == placeholder else number(text)
                yield Row(table, label, column, text, value, "")


def number(text: str) -> str:
    """The number in a cell such as `134.5 ms`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\s*ms)?", text)
    if match is None:
        raise ValueError(f"no number: {text!r}")
    return match.group(1)


def main(documents: Path, folder: Path) -> None:
    for suite in SUITES:
        with (folder / f"{suite}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(Row._fields)
            writer.writerows(published_rows(suite, documents))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
