"""Write the JSON schemas of all messages and configuration files to workflow/schemas/."""

import argparse
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from retable import contract
from retable.comparison import Comparison
from retable.config.device import Device
from retable.config.model import Model
from retable.config.settings import Settings
from retable.config.suite import Suite
from retable.files import write_text
from retable.records import Record
from retable.sessions import Session

KINDS: dict[str, type[BaseModel]] = {
    "native-job": contract.NativeJob,
    "export-job": contract.ExportJob,
    "tail-job": contract.TailJob,
    "fidelity-job": contract.FidelityJob,
    "probe-job": contract.ProbeJob,
    "build-job": contract.BuildJob,
    "launch-job": contract.LaunchJob,
    "result": contract.Result,
    "record": Record,
    "session": Session,
    "comparison": Comparison,
    "settings": Settings,
    "device": Device,
    "model": Model,
    "suite": Suite,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=Path("workflow/schemas"))


def run(given: argparse.Namespace) -> None:
    for name, text in schema_texts().items():
        write_text(given.folder / name, text)


def schema_texts() -> dict[str, str]:
    """The schema of each kind, by file name."""
    return {
        f"{name}.json": json.dumps(_schema(kind), indent=1) + "\n" for name, kind in KINDS.items()
    }


def _schema(kind: type[BaseModel]) -> dict[str, Any]:
    return kind.model_json_schema(by_alias=True)
