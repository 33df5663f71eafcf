"""What a page says of splits: its sentences, its table, and why something has no number."""

import argparse
import io
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from small_comparison import comparison, failed, measured

from retable.comparing.comparison import ComparedSplit, Interval, Network, Versus, Way
from retable.files import write_json
from retable.pages.plots import draw_splits
from retable.pages.splits import split_sentence, splits_table, unanswered, works
from retable.pages.texts import Footnotes
from retable.steps import report

TEMPLATE = Path(__file__).parents[2] / "workflow" / "templates" / "suite.md.j2"


def versus(low: float, value: float, high: float, verdict: str) -> Versus:
    ratio = Interval(value=value, low=low, high=high, coverage=0.75)
    return Versus.model_validate({"ratio": ratio, "noise_floor": 0.0123, "verdict": verdict})


ENGINE = Way(
    alternative="fused",
    outside=None,
    answer=measured(10.0),
    behind_ms=None,
    to_fastest=versus(1.2, 1.25, 1.3, "slower"),
    to_engine=None,
)
MAX = Way(
    alternative="soft+torch_max",
    outside="Max",
    answer=measured(8.0),
    behind_ms=0.5,
    to_fastest=None,
    to_engine=versus(0.8612, 0.8788, 0.9, "faster"),
)


def split(*ways: Way, **changes: object) -> ComparedSplit:
    return ComparedSplit.model_validate(
        {
            "work": "A label",
            "model": "tiny",
            "input": "8x8",
            "precision": "fp32",
            "backend": "one",
            "ways": ways or (MAX, ENGINE),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("found", "clause"),
    [
        (MAX.to_engine, "saves 12 % [10, 14]"),
        (versus(1.051, 1.06, 1.2, "slower"), "costs 6.0 % [5.1, 20]"),
        (
            versus(0.99, 1.0, 1.01, "no difference"),
            "makes no difference beyond the noise floor of 1.2 %",
        ),
        (versus(0.9, 0.97, 1.05, "undecided"), "may be nothing: it saves 3.0 % [-5.0, 10]"),
        (versus(0.986, 1.19, 1.25, "undecided"), "may be nothing: it costs 19 % [-1.4, 25]"),
    ],
)
def test_one_sentence_says_what_moving_work_out_does(found: Versus, clause: str) -> None:
    moved = MAX.model_copy(update={"to_engine": found})
    assert (
        split_sentence(split(ENGINE, moved))
        == f"tiny at 8x8, fp32, one: moving Max out of the engine {clause}."
    )


def test_a_way_without_a_number_says_why_in_the_sentence() -> None:
    late = failed("one", "timeout", "no end")
    lost = MAX.model_copy(update={"answer": late, "to_engine": None})
    assert "Max out of the engine could not be compared (timeout: no end)" in split_sentence(
        split(ENGINE, lost)
    )
    unmoved = ENGINE.model_copy(update={"answer": late})
    alone = MAX.model_copy(update={"to_engine": None})
    assert "(the engine has no number)" in split_sentence(split(alone, unmoved))


def test_a_row_a_way_and_keys_are_not_repeated() -> None:
    header, first, second = splits_table([split()], Footnotes())
    assert len(header) == len(first) == len(second)
    assert first == [
        "tiny", "8x8", "fp32", "one", "soft+torch_max", "8.000 [7.200, 8.800]", "0.5000", "fastest",
    ]  # fmt: skip
    assert second == [
        "", "", "", "", "fused", "10.00 [9.000, 11.00]", "–", "1.25x [1.20, 1.30]",
    ]  # fmt: skip


def test_what_is_no_difference_to_the_fastest_says_so() -> None:
    near = ENGINE.model_copy(update={"to_fastest": versus(0.99, 1.0, 1.01, "no difference")})
    *_, row = splits_table([split(MAX, near)], Footnotes())
    assert row[-1] == "1.00x [0.99, 1.01], no difference"


def test_splits_without_any_number_are_reasons_and_no_rows() -> None:
    absent = failed("one", "unsupported", "no FP16")
    lost = [way.model_copy(update={"answer": absent}) for way in (ENGINE, MAX)]
    found = [
        split(),
        split(*lost, precision="fp16"),
        split(*lost, precision="fp16", backend="two"),
        *(split(*lost, precision="fp16", backend=one, model="small") for one in ("one", "two")),
    ]
    assert works(found) == {"A label": found[:1]}
    assert unanswered(found) == [
        "unsupported: no FP16: fp16 on one, fp16 on two, for small at 8x8, tiny at 8x8"
    ]


def test_the_page_holds_sentence_plot_table_and_networks(tmp_path: Path) -> None:
    network = Network(
        model="tiny", title="Tiny", input="8x8", parameters=5_695_987, gflops=12.3456, reason=None
    )
    lost = network.model_copy(update={"gflops": None, "reason": "timeout: no end"})
    absent = failed("one", "unsupported", "no FP16")
    unsaid = split(*(way.model_copy(update={"answer": absent}) for way in (ENGINE, MAX)))
    made = comparison(splits=[split(), unsaid], networks=[network, lost])
    write_json(tmp_path / "comparison.json", made.model_dump(by_alias=True))
    page = tmp_path / "small.md"
    given = {"comparison": tmp_path / "comparison.json", "template": TEMPLATE, "output": page}
    report.run(argparse.Namespace(**given))
    text = page.read_text()
    assert "| tiny | Tiny | 8x8 | 5,695,987 | 12.35 |" in text
    assert "| tiny | Tiny | 8x8 | 5,695,987 | – (timeout: no end) |" in text
    assert "- tiny at 8x8, fp32, one: moving Max out of the engine saves 12 % [10, 14]." in text
    assert "- unsupported: no FP16: fp32 on one, for tiny at 8x8" in text
    assert "![A label](small-splits-1.png)" in text
    assert (tmp_path / "small-splits-1.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_has_a_panel_a_network_and_a_row_a_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[plt.Figure] = []
    monkeypatch.setattr(plt, "close", figures.append)  # keep the figure, to read its panels
    found = [split(), split(model="small"), split(backend="two")]
    draw_splits("A label", found, tmp_path / "x.png")
    monkeypatch.undo()
    (figure,) = figures
    drawn = [axis for axis in figure.axes if axis.axison]
    assert len(figure.axes) == 4 and len(drawn) == 3
    for axis in drawn:  # the engine's own way stands first
        bars = sorted(axis.patches, key=lambda bar: bar.get_x())
        assert [bar.get_height() for bar in bars] == [10.0, 8.0]
    plt.close(figure)
    assert plt.imread(io.BytesIO((tmp_path / "x.png").read_bytes())).shape[1] > 300
