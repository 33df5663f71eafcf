"""Plots of many networks under several settings, a row a network."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from retable.comparing.comparison import ComparedCell, ComparedTable, Compiled
from retable.config.suite import Plot
from retable.pages.plots import PUBLISHED, bar_of, own_backends, save
from retable.plan import SEPARATOR

ROW_INCHES = 0.24
LEAST_INCHES = 2.4
_LEGEND: Any = {"loc": "outside lower center", "ncols": 2, "fontsize": "small"}


def draw_against(plot: Plot, table: ComparedTable, other: ComparedTable, path: Path) -> None:
    """Draw a column of two tables: a panel for the published values and one for each backend.

    In every panel a row has a bar of either table; the whiskers are the intervals. A panel has the
    rows of which either table has a number there.
    """
    tables = [table, other]
    cells = [[cell for cell in one.cells if cell.column == plot.column] for one in tables]
    own = dict.fromkeys(name for cell in cells[0] for name in own_backends(cell))
    panels = {name: _bars(name, cells) for name in [PUBLISHED, *own]}
    panels = {name: bars for name, bars in panels.items() if bars}
    heights = [_inches(len(bars)) for bars in panels.values()]
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(8.4, sum(heights) + 0.6),
        squeeze=False,
        layout="constrained",
        height_ratios=heights,
    )
    for axis, (name, bars) in zip(axes[:, 0], panels.items(), strict=True):
        for index, one in enumerate(tables):
            _draw_bars(axis, [found[index] for found in bars.values()], index, one.title)
        _name_rows(axis, list(bars))
        axis.set_title(f"{table.device_label}, published" if name == PUBLISHED else f"here: {name}")
        axis.set_xlabel(f"{plot.column} ({cells[0][0].unit})")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), **_LEGEND)
    figure.suptitle(plot.title)
    save(figure, path)


def draw_speed_ups(compiled: list[Compiled], path: Path) -> None:
    """Draw what each setting makes of the latency, a row a network, with its clusters' number.

    A bar is the latency with nothing compiled over that with the setting: above 1 it is faster.
    """
    settings = list(dict.fromkeys((one.backend, one.setting) for one in compiled if one.to_plain))
    rows = list(dict.fromkeys((one.model, one.input) for one in compiled if one.to_plain))
    figure, axis = plt.subplots(figsize=(8.4, _inches(len(rows)) + 0.6), layout="constrained")
    for index, setting in enumerate(settings):
        found = {
            (one.model, one.input): one
            for one in compiled
            if (one.backend, one.setting) == setting and one.to_plain
        }
        places = _places(len(rows), index, len(settings))
        bars = [_speed_up(found.get(row)) for row in rows]
        _draw_bars(axis, bars, index, " ".join(setting), len(settings))
        for place, row in zip(places, rows, strict=True):
            if row in found and found[row].clusters is not None:
                text = f" {found[row].clusters:.0f} clusters"
                axis.text(0, place, text, va="center", fontsize="x-small", color="white")
    axis.axvline(1.0, color="0.4", linewidth=1)
    _name_rows(axis, [f"{model} {size}" for model, size in rows])
    axis.set_xlabel("speed-up: latency with nothing compiled / latency with the setting")
    figure.legend(**_LEGEND)
    save(figure, path)


Bar = tuple[float, float, float]  # value, low, high


def _bars(name: str, cells: list[list[ComparedCell]]) -> dict[str, list[Bar | None]]:
    """Of each row the bars of the tables, where one has a number."""
    of_tables = [{cell.row: cell for cell in one} for one in cells]
    labels = dict.fromkeys(cell.row for one in cells for cell in one)
    found = {row: [bar_of(name, table.get(row)) for table in of_tables] for row in labels}
    named: dict[str, list[Bar | None]] = {}
    for row, bars in found.items():  # tables may tell a network's rows apart by a third label
        name = " ".join(row.split(SEPARATOR)[:2])
        before = named.get(name, [None] * len(cells))
        named[name] = [one or other for one, other in zip(before, bars, strict=True)]
    return {row: bars for row, bars in named.items() if any(bars)}


def _speed_up(one: Compiled | None) -> Bar | None:
    if one is None or one.to_plain is None:
        return None
    ratio = one.to_plain.ratio
    return 1 / ratio.value, 1 / ratio.high, 1 / ratio.low


def _places(rows: int, index: int, kinds: int) -> list[float]:
    return [row + (index - (kinds - 1) / 2) * 0.8 / kinds for row in range(rows)]


def _draw_bars(axis: Axes, bars: list[Bar | None], index: int, label: str, kinds: int = 2) -> None:
    """Draw one bar a row; none where there is no number."""
    found = [
        (place, bar)
        for place, bar in zip(_places(len(bars), index, kinds), bars, strict=True)
        if bar is not None
    ]
    if not found:
        return
    values = [value for _, (value, _, _) in found]
    spread = [
        [value - low for _, (value, low, _) in found],
        [high - value for _, (value, _, high) in found],
    ]
    axis.barh(
        [place for place, _ in found],
        values,
        0.8 / kinds,
        xerr=spread,
        color=f"C{index}",
        label=label,
        error_kw={"elinewidth": 1},
    )


def _name_rows(axis: Axes, labels: list[str]) -> None:
    """The first row on top."""
    axis.set_yticks(range(len(labels)), labels, fontsize="small")
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.spines[["top", "right"]].set_visible(False)


def _inches(rows: int) -> float:
    return max(LEAST_INCHES, 1.2 + ROW_INCHES * rows)
