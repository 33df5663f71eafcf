"""Write down what a session is asked to do, so that a change in it re-times its block alone."""

import argparse

from retable.files import write_json
from retable.sessions import SessionJob
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--session", type=SessionJob.model_validate_json, required=True, help="the block, as JSON"
    )
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    write_json(given.output, given.session.model_dump(by_alias=True))
