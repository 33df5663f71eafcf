"""Options that several verbs share."""

import argparse
import json
from pathlib import Path


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=Path, required=True, help="the record to write")
    parser.add_argument("--log", type=Path, required=True, help="where all details go")


def add_environment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--environment", type=Path, required=True, help="record of 'environment'")
    add_output(parser)


def add_network(parser: argparse.ArgumentParser) -> None:
    """What an exporter builds; the rule passes it, so that only a change in it re-runs the step."""
    parser.add_argument("--model", required=True, help="the model's name")
    parser.add_argument("--exporter", required=True, help="a file in retable_export/exporters")
    parser.add_argument("--options", type=json.loads, required=True, help="of the network, as JSON")


def add_case(parser: argparse.ArgumentParser) -> None:
    """A case whose engine is run; its name, backend, options and input come as JSON."""
    parser.add_argument("--case", type=json.loads, required=True, help="what runs, as JSON")
    parser.add_argument("--engine", type=Path, required=True, help="record of 'build'")
    parser.add_argument(
        "--preparation", type=json.loads, required=True, help="of the model, or null"
    )
    parser.add_argument("--memory-limit-mib", type=int, help="of the process")
