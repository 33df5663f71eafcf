"""Plots: real PNG files, the same for the same numbers, and no bar without a number."""

import io
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from small_comparison import ROWS, SMALL, cell, failed, measured, table

from retable.comparing.comparison import ComparedTable
from retable.config.suite import Plot
from retable.pages.plots import bar_of, draw, has_answers, own_backends

PLOT = Plot(title="A plot", table="argmax", column="FP32")
LATE = failed("one", "timeout", "no end")


def drawn(made: ComparedTable, path: Path) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(PLOT, made, path)
    return path.read_bytes()


def test_a_plot_is_an_image(tmp_path: Path) -> None:
    image = plt.imread(io.BytesIO(drawn(SMALL, tmp_path / "new" / "x.png")))
    height, width = image.shape[:2]
    assert width > height > 300
    assert image.min() < image.max()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.png"]


def test_the_same_numbers_give_the_same_bytes_and_others_do_not(tmp_path: Path) -> None:
    first, again = drawn(SMALL, tmp_path / "a.png"), drawn(SMALL, tmp_path / "b.png")
    assert first == again
    other = table(cell(ROWS[0], measured(9.0)), *SMALL.cells[1:])
    assert drawn(other, tmp_path / "c.png") != first


def test_a_backend_without_any_number_has_no_panel(tmp_path: Path) -> None:
    def width(*cells: object) -> int:
        made = table(*cells, rows=ROWS[:1])
        return plt.imread(io.BytesIO(drawn(made, tmp_path / "x.png"))).shape[1]

    both = width(cell(ROWS[0], measured(8.0), measured(9.0, backend="two")))
    one = width(cell(ROWS[0], measured(8.0), failed("two", "timeout", "no end")))
    none = width(cell(ROWS[0], LATE))
    assert both > one > none


def test_what_stands_beside_is_no_answer_to_be_drawn() -> None:
    beside = measured(9.0, backend="two", beside=True)
    assert own_backends(cell(ROWS[0], measured(8.0), beside)) == ["one"]
    assert has_answers(PLOT, [table(cell(ROWS[0], measured(8.0), beside))])
    assert not has_answers(PLOT, [table(cell(ROWS[0], LATE, beside))])


def test_a_bar_is_a_number_with_its_interval() -> None:
    made = cell(ROWS[0], measured(8.0), failed("two", "timeout", "no end"))
    assert bar_of("one", made) == pytest.approx((8.0, 7.2, 8.8))
    assert bar_of("published", made) == (10.0, 10.0, 10.0)


def test_where_there_is_no_number_there_is_no_bar() -> None:
    made = cell(ROWS[0], LATE, value=None, why="it crashed")
    assert bar_of("one", made) is None
    assert bar_of("published", made) is None
    assert bar_of("absent", made) is None
    assert bar_of("one", None) is None


@pytest.mark.parametrize(
    "cells",
    [
        # The first group lacks its first bar, published and measured.
        [
            cell(ROWS[0], LATE, value=None, why="it crashed"),
            cell(ROWS[1], measured(8.0)),
            cell(ROWS[2], measured(8.0)),
        ],
        # No published bar at all.
        [cell(row, measured(8.0), value=None, why="it crashed") for row in ROWS[:2]],
    ],
)
def test_a_kind_is_in_the_legend_wherever_its_first_bar_stands(
    cells: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = []
    monkeypatch.setattr(plt, "close", figures.append)  # keep the figure, to read its legend
    drawn(table(*cells, rows=ROWS[:3]), tmp_path / "x.png")
    monkeypatch.undo()
    legend = figures[0].axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["argmax", "fused argmax"]
    plt.close(figures[0])


def test_a_table_with_one_key_has_nothing_to_tell_apart(tmp_path: Path) -> None:
    """Then there is no legend, and nothing warns of it."""
    made = table(cell("384x576", measured(8.0)), cell("768x1344", measured(9.0)), keys=["Input"])
    assert drawn(made, tmp_path / "x.png").startswith(b"\x89PNG")
