"""Plots of a comparison, as PNG files beside the report."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402

from retable.comparing.comparison import (  # noqa: E402
    ComparedCell,
    ComparedSplit,
    ComparedTable,
    Interval,
    Scored,
    Scoring,
)
from retable.config.suite import Plot  # noqa: E402
from retable.files import replacing  # noqa: E402
from retable.plan import SEPARATOR  # noqa: E402

PUBLISHED = "published"


def draw(plot: Plot, table: ComparedTable, path: Path) -> None:
    """Draw a table's column: one panel for the published values and one for each backend.

    In every panel, one group of bars for each value of the first key and one bar for each of the
    rest; the whiskers are the intervals. A bar that is not there has no number.
    """
    cells = [cell for cell in table.cells if cell.column == plot.column]
    names = [PUBLISHED] + [name for name in table.backends if _has_numbers(name, cells)]
    figure, axes = plt.subplots(
        1, len(names), figsize=(5.2 * len(names), 4.2), squeeze=False, layout="constrained"
    )
    for axis, name in zip(axes[0], names, strict=True):
        _panel(axis, name, cells)
        axis.set_title(f"{table.device_label}, published" if name == PUBLISHED else f"here: {name}")
        axis.set_ylabel(f"{plot.column} ({cells[0].unit})")
    kinds = _kinds(cells)
    if len(kinds) > 1:
        handles = [Patch(color=f"C{index}", label=kind) for index, kind in enumerate(kinds)]
        axes[0][0].legend(handles=handles, fontsize="small")
    figure.suptitle(plot.title)
    save(figure, path)


def draw_splits(work: str, splits: list[ComparedSplit], path: Path) -> None:
    """Draw the latency of every way of a work: a panel a network, a row a backend and precision.

    Whiskers are the intervals. A network has no panel where none of its ways has a number.
    """
    columns = list(dict.fromkeys((one.model, one.input) for one in splits))
    rows = list(dict.fromkeys((one.backend, one.precision) for one in splits))
    outside = {way.alternative: way.outside or "" for one in splits for way in one.ways}
    ways = sorted(outside, key=lambda way: (len(outside[way]), way))
    figure, axes = plt.subplots(
        len(rows),
        len(columns),
        figsize=(max(6.0, 1.9 * len(columns)), 1.4 + 2.3 * len(rows)),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for split in splits:
        column = columns.index((split.model, split.input))
        axis = axes[rows.index((split.backend, split.precision))][column]
        axis.set_axis_on()
        axis.set_title(f"{split.model}\n{split.input}", fontsize="small")
        axis.set_xlabel(f"{split.backend}\n{split.precision}", fontsize="small")
        axis.set_xticks([])
        axis.spines[["top", "right"]].set_visible(False)
        for way in split.ways:
            if way.answer.measured is not None:
                _way_bar(axis, ways.index(way.alternative), way.answer.measured)
    handles = [Patch(color=f"C{index}", label=way) for index, way in enumerate(ways)]
    figure.legend(handles=handles, fontsize="small", loc="outside lower center")
    figure.suptitle(work)
    figure.supylabel("latency_sync (ms)", fontsize="small")
    save(figure, path)


def _way_bar(axis: Axes, place: int, measured: Interval) -> None:
    spread = [[measured.value - measured.low], [measured.high - measured.value]]
    axis.bar(place, measured.value, 0.8, yerr=spread, color=f"C{place}", error_kw={"elinewidth": 1})


def drawable(scoring: Scoring) -> list[Scored]:
    """The cases that have both the headline's number and a latency."""
    return [
        one
        for one in scoring.scored
        if one.metrics.get(scoring.headline) is not None and one.latency_ms
    ]


def draw_accuracy(scoring: Scoring, path: Path) -> None:
    """Draw the headline score of every case against its latency, and the Pareto front.

    A case is on the front if no other is both faster and at least as accurate.
    """
    figure, axis = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    points: list[tuple[float, float]] = []
    for index, backend in enumerate(dict.fromkeys(one.backend for one in drawable(scoring))):
        mine = [one for one in drawable(scoring) if one.backend == backend]
        latencies = [_milliseconds(one) for one in mine]
        scores = [_headline(one, scoring) for one in mine]
        axis.scatter(latencies, scores, s=22, color=f"C{index}", label=backend)
        points += zip(latencies, scores, strict=True)
    front = pareto_front(points)
    axis.step(*zip(*front, strict=True), where="post", color="0.6", linewidth=1, zorder=0)
    axis.set_xscale("log")
    axis.set_xlabel(f"{scoring.latency}, median (ms)")
    axis.set_ylabel(f"{scoring.headline} on {scoring.data}")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize="small")
    save(figure, path)


def pareto_front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those of (latency, score) that no other beats, from the fastest to the most accurate."""
    front: list[tuple[float, float]] = []
    for latency, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or score > front[-1][1]:
            front.append((latency, score))
    return front


def _headline(one: Scored, scoring: Scoring) -> float:
    score = one.metrics[scoring.headline]
    assert score is not None
    return score


def _milliseconds(one: Scored) -> float:
    assert one.latency_ms is not None
    return one.latency_ms.value


def save(figure: Figure, path: Path) -> None:
    """Write the figure as PNG, and close it."""
    with replacing(path) as temporary:
        # No software version in the file: the same numbers give the same bytes.
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def _panel(axis: Axes, name: str, cells: list[ComparedCell]) -> None:
    groups = list(dict.fromkeys(cell.row.split(SEPARATOR)[0] for cell in cells))
    kinds = _kinds(cells)
    width = 0.8 / len(kinds)
    for index, kind in enumerate(kinds):
        for position, group in enumerate(groups):
            row = SEPARATOR.join(part for part in (group, kind) if part)
            bar = bar_of(name, next((cell for cell in cells if cell.row == row), None))
            if bar is None:
                continue
            value, low, high = bar
            axis.bar(
                position + (index - (len(kinds) - 1) / 2) * width,
                value,
                width,
                yerr=[[value - low], [high - value]],
                color=f"C{index}",
                error_kw={"elinewidth": 1},
            )
    axis.set_xticks(range(len(groups)), groups)
    axis.spines[["top", "right"]].set_visible(False)


def _kinds(cells: list[ComparedCell]) -> list[str]:
    """What stands in each group: the rows' labels without their first key."""
    return list(dict.fromkeys(SEPARATOR.join(cell.row.split(SEPARATOR)[1:]) for cell in cells))


def bar_of(name: str, cell: ComparedCell | None) -> tuple[float, float, float] | None:
    """Value and interval of one bar; None where there is no number. A score has no interval.

    None also of an emulated time, which is shown beside no other.
    """
    if cell is None:
        return None
    if name == PUBLISHED:
        value = cell.published.value
        return None if value is None else (value, value, value)
    answer = next((one for one in cell.answers if one.backend == name), None)
    if answer is None or (answer.measured is None and answer.score is None):
        return None
    if answer.score is not None:
        return answer.score, answer.score, answer.score
    assert answer.measured is not None
    if any(one.kind == "emulated" for one in answer.cautions):
        return None
    return answer.measured.value, answer.measured.low, answer.measured.high


def has_answers(plot: Plot, tables: list[ComparedTable]) -> bool:
    """Whether anything of the plot's column was found here."""
    cells = (cell for table in tables for cell in table.cells if cell.column == plot.column)
    found = (bar_of(name, cell) for cell in cells for name in own_backends(cell))
    return any(bar is not None for bar in found)


def own_backends(cell: ComparedCell) -> list[str]:
    """The backends that answer in the published value's role, not beside it."""
    return [answer.backend for answer in cell.answers if not answer.beside]


def _has_numbers(name: str, cells: list[ComparedCell]) -> bool:
    return any(bar_of(name, cell) is not None for cell in cells)
