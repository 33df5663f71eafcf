"""Write the JSON schemas of all messages and configuration files to workflow/schemas/."""

import argparse
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from retable.comparing.comparison import Comparison
from retable.config.dataset import DataSet
from retable.config.device import Device
from retable.config.model import Model
from retable.config.settings import Settings
from retable.config.suite import Suite
from retable.contract import Result
from retable.files import write_text
from retable.jobs.build import BuildJob
from retable.jobs.dataset import DatasetJob
from retable.jobs.export import ExportJob
from retable.jobs.fidelity import FidelityJob
from retable.jobs.inputs import InputsJob
from retable.jobs.launch import LaunchJob
from retable.jobs.native import NativeJob
from retable.jobs.precision import PrecisionJob
from retable.jobs.predict import PredictJob
from retable.jobs.prepare import PrepareJob
from retable.jobs.probe import ProbeJob
from retable.jobs.reference import ReferenceJob
from retable.jobs.sample import SampleJob
from retable.jobs.score import ScoreJob
from retable.jobs.tail import TailJob
from retable.jobs.watch import WatchJob
from retable.records import Record
from retable.sessions import Session

KINDS: dict[str, type[BaseModel]] = {
    "native-job": NativeJob,
    "sample-job": SampleJob,
    "prepare-job": PrepareJob,
    "reference-job": ReferenceJob,
    "export-job": ExportJob,
    "tail-job": TailJob,
    "precision-job": PrecisionJob,
    "fidelity-job": FidelityJob,
    "probe-job": ProbeJob,
    "build-job": BuildJob,
    "launch-job": LaunchJob,
    "watch-job": WatchJob,
    "dataset-job": DatasetJob,
    "inputs-job": InputsJob,
    "predict-job": PredictJob,
    "score-job": ScoreJob,
    "result": Result,
    "record": Record,
    "session": Session,
    "comparison": Comparison,
    "settings": Settings,
    "device": Device,
    "model": Model,
    "suite": Suite,
    "dataset": DataSet,
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
