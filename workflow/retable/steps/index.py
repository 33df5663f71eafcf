"""Render the index of a device: which suites were run, and what came out."""

import argparse
from collections import Counter
from pathlib import Path

from retable.comparing.comparison import Comparison
from retable.files import read_json, write_text
from retable.pages.rendering import render
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--comparisons", type=Path, nargs="+", required=True)
    parser.add_argument("--suites", nargs="+", required=True, help="all suites that there are")
    parser.add_argument("--template", type=Path, required=True)
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    comparisons = [Comparison.model_validate(read_json(path)) for path in given.comparisons]
    done = {comparison.suite for comparison in comparisons}
    page = render(
        given.template,
        comparisons=comparisons,
        outcomes={one.suite: _outcomes(one) for one in comparisons},
        verdicts={one.suite: _verdicts(one) for one in comparisons},
        others=[suite for suite in given.suites if suite not in done],
    )
    write_text(given.output, page)


def _outcomes(comparison: Comparison) -> dict[str, int]:
    """How many published values of the suite ended how, by their best answer in their own role."""
    found: Counter[str] = Counter()
    for table in comparison.tables:
        for cell in table.cells:
            outcomes = [answer.outcome for answer in cell.answers if not answer.beside]
            found["ok" if "ok" in outcomes else outcomes[0]] += 1
    return dict(found)


def _verdicts(comparison: Comparison) -> dict[str, int]:
    """How many claims ended how, each counted once a backend."""
    return dict(Counter(answer.verdict for claim in comparison.claims for answer in claim.answers))
