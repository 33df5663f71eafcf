"""Render the page of a suite, and draw its plots."""

import argparse
from pathlib import Path

from retable.comparing.comparison import Comparison
from retable.files import read_json, write_text
from retable.pages.page import page_of
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--comparison", type=Path, required=True, help="output of 'compare'")
    parser.add_argument("--template", type=Path, required=True)
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    comparison = Comparison.model_validate(read_json(given.comparison))
    write_text(given.output, page_of(comparison, given.template, given.output))
