"""Options that several verbs share."""

import argparse
from pathlib import Path


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=Path, required=True, help="the record to write")
    parser.add_argument("--log", type=Path, required=True, help="where all details go")


def add_environment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--environment", type=Path, required=True, help="record of 'environment'")
    add_output(parser)


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, required=True, help="the model's YAML file")
