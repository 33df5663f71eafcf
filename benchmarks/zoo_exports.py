"""Every network of the TensorFlow 2 detection zoo, built from the seed: time, size, what it finds.

One at a time, each a run of the workflow; a row is written when a network is done.

    python -m benchmarks.zoo_exports [--models NAME,NAME] [--output docs/zoo-exports.csv]
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))

from retable.config.load import load_configuration
from retable.files import replacing
from retable.records import Record, read_record

ROOT = Path(__file__).parents[1]
EXPORTER = "detection_zoo"
FIELDS = (
    "model",
    "outcome",
    "seconds",
    "parameters",
    "megabytes",
    "detections",
    "classes",
    "highest_score",
    "reason",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", help="names with commas between; else all, the smallest first")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "zoo-exports.csv")
    given = parser.parse_args()
    for model in given.models.split(",") if given.models else by_size():
        row = row_of(model, exported(model))
        write(given.output, row)
        print(", ".join(f"{name} {value}" for name, value in row.items() if value), flush=True)


def by_size() -> list[str]:
    """The zoo's models, those with the smallest images first, and so the quickest."""
    models = load_configuration(ROOT).models.values()
    zoo = [model for model in models if model.exporter == EXPORTER]
    pixels = {one.model: int(one.options["height"]) * int(one.options["width"]) for one in zoo}
    return sorted(pixels, key=lambda name: (pixels[name], name))


def exported(model: str) -> Record:
    """The record of the step `native`, made by the workflow unless it is there."""
    target = Path("results", "models", model, "native.json")
    said = ["device=cpu", "suite=tf2-detection-zoo", "weights=random"]
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all", "--config"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run([*command, *said, "--", str(target)], cwd=ROOT, env=environment, check=True)
    return read_record(ROOT / target)


def row_of(model: str, record: Record) -> dict[str, object]:
    """What the log says of a model."""
    found = record.facts.get("detections", {})
    size = sum(made.bytes for made in record.artifacts.values())
    return {
        "model": model,
        "outcome": record.outcome,
        "seconds": round(record.seconds),
        "parameters": record.facts.get("parameters"),
        "megabytes": round(size / 1e6, 1) if size else None,
        "detections": found.get("number"),
        "classes": found.get("classes"),
        "highest_score": round(found["highest"], 4) if found.get("highest") else None,
        "reason": record.reason,
    }


def write(path: Path, row: dict[str, object]) -> None:
    """Put the row into the table, in the place of an older one of its model."""
    rows: list[dict[str, object]] = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as stream:
            rows = [one for one in csv.DictReader(stream) if one["model"] != row["model"]]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        table.writeheader()
        table.writerows(sorted([*rows, row], key=lambda one: str(one["model"])))


if __name__ == "__main__":
    main()
