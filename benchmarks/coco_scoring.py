"""How long detection takes to score as COCO val2017 would: faster-coco-eval beside pycocotools.

5,000 pictures with 37,000 boxes of 80 categories, three in a picture, drawn, and 200,000
detections: boxes that are a little off, boxes of another category, and boxes of nothing. `write` is
how long the metric takes to bring the outputs to COCO's results on disk, and is the same for both;
`evaluate` loads them, and evaluates. Both run on one thread, and are timed by its CPU time, which a
neighbour on the machine changes less than the clock's. Peak memory is the process's, each evaluator
in its own.

    PYTHONPATH=workflow results/environments/venv/data/bin/python -m benchmarks.coco_scoring \
      [--images N]

Exit status 1 if faster-coco-eval is less than 5 times as fast, or a number differs by more than
rounding.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.memory import peak_mib
from benchmarks.tables import markdown
from retable_data import coco_evaluation
from retable_data.arrays import Stored
from retable_data.metrics import detection

SEED = 20211
LIMIT = 5.0
LIMIT_OFF = 1e-12
IMAGES = 5000
FOUND = 40  # detections of a picture
HEIGHT, WIDTH = 480, 640
CATEGORIES = 80
BOXES = 7.4  # of the truth in a picture, as in val2017
KINDS = 2.9  # of categories in a picture, as in val2017


def drawn(images: int, folder: Path) -> None:
    """Draw annotations and outputs in COCO val2017's numbers, into files of `folder`."""
    random = np.random.RandomState(SEED)
    outputs = {
        "num_detections": np.full(images, FOUND, np.float32),
        "detection_scores": np.empty((images, FOUND), np.float32),
        "detection_classes": np.empty((images, FOUND), np.float32),
        "detection_boxes": np.empty((images, FOUND, 4), np.float32),
    }
    annotations: list[dict[str, Any]] = []
    for image in range(images):
        boxes = _boxes(random, 1 + random.poisson(BOXES - 1))
        present = random.randint(1, CATEGORIES + 1, 1 + random.poisson(KINDS - 1))
        categories = random.choice(present, len(boxes))
        for box, category in zip(boxes, categories, strict=True):
            annotations.append(_annotation(len(annotations) + 1, image + 1, box, category))
        near = random.randint(0, len(boxes), FOUND)
        share = random.random_sample(FOUND)[:, None]
        jittered = boxes[near] + random.standard_normal((FOUND, 4)) * 0.1 * np.tile(
            boxes[near, 2:], 2
        )
        found = np.where(share < 0.4, jittered, _boxes(random, FOUND))
        right = random.random_sample(FOUND) < 0.8
        outputs["detection_classes"][image] = np.where(
            right, categories[near], random.randint(1, CATEGORIES + 1, FOUND)
        )
        outputs["detection_scores"][image] = random.random_sample(FOUND)
        outputs["detection_boxes"][image] = _shares(found)
    for name, array in outputs.items():
        np.save(folder / f"{name}.npy", array)
    _write(images, annotations, folder)


def _boxes(random: np.random.RandomState, count: int) -> np.ndarray:
    """Draw boxes x, y, width, height [count, 4] of all of COCO's sizes."""
    sides = np.exp(random.uniform(np.log(10), np.log(300), (count, 2)))
    corners = random.random_sample((count, 2)) * ((WIDTH, HEIGHT) - sides)
    return np.hstack([corners, sides])


def _shares(boxes: np.ndarray) -> np.ndarray:
    x, y, width, height = boxes.T
    return np.stack([y / HEIGHT, x / WIDTH, (y + height) / HEIGHT, (x + width) / WIDTH], axis=1)


def _annotation(number: int, image: int, box: np.ndarray, category: int) -> dict[str, Any]:
    x, y, width, height = box.tolist()
    return {
        "id": number,
        "image_id": image,
        "category_id": int(category),
        "iscrowd": 0,
        "bbox": [x, y, width, height],
        "area": width * height,
    }


def _write(images: int, annotations: list[dict[str, Any]], folder: Path) -> None:
    content = {
        "images": [{"id": image + 1, "height": HEIGHT, "width": WIDTH} for image in range(images)],
        "categories": [{"id": number + 1, "name": str(number)} for number in range(CATEGORIES)],
        "annotations": annotations,
    }
    (folder / "annotations.json").write_text(json.dumps(content))


def scored(folder: Path, evaluator: str) -> dict[str, Any]:
    """Score the drawn outputs; return the metrics, seconds by part, and the peak of memory."""
    names = ("num_detections", "detection_scores", "detection_classes", "detection_boxes")
    outputs = {name: Stored(folder / f"{name}.npy") for name in names}
    placements = [
        {"item": image + 1, "picture": [HEIGHT, WIDTH], "input": [512, 512]}
        for image in range(len(outputs["num_detections"]))
    ]
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as results:
        written = detection.written(placements, outputs, {}, Path(results))
        between = time.process_time()
        before = peak_mib()
        images = [placement["item"] for placement in placements]
        found = coco_evaluation.evaluate(
            folder / "annotations.json", written["bbox"], "bbox", images, evaluator
        )
    return {
        "metrics": found["metrics"],
        "detections": written["bbox"].count,
        "write_s": between - begun,
        "evaluate_s": time.process_time() - between,
        "write_mib": before,
        "evaluate_mib": peak_mib(),
    }


def _in_a_process(folder: Path, evaluator: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.coco_scoring", "--score", evaluator, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main(arguments: list[str]) -> int:
    """Draw, score by each evaluator in turn, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.coco_scoring")
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--score", nargs=2, metavar=("EVALUATOR", "FOLDER"), help="one, as JSON")
    given = parser.parse_args(arguments)
    if given.score:
        print(json.dumps(scored(Path(given.score[1]), given.score[0])))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        drawn(given.images, Path(folder))
        both = {
            evaluator: _in_a_process(Path(folder), evaluator)
            for evaluator in coco_evaluation.EVALUATORS
        }
    faster, slower = both.values()
    print(f"{given.images} pictures, {faster['detections']} detections, seed {SEED}\n")
    header = (
        "Evaluator",
        "AP",
        "write (s CPU)",
        "evaluate (s CPU)",
        "peak, written",
        "peak, evaluated",
    )
    rows = [
        (
            evaluator,
            f"{one['metrics']['bbox/AP']:.6f}",
            f"{one['write_s']:.1f}",
            f"{one['evaluate_s']:.1f}",
            f"{one['write_mib']:.0f} MiB",
            f"{one['evaluate_mib']:.0f} MiB",
        )
        for evaluator, one in both.items()
    ]
    print(markdown(header, rows))
    ratio = slower["evaluate_s"] / faster["evaluate_s"]
    off = max(abs(faster["metrics"][name] - slower["metrics"][name]) for name in faster["metrics"])
    print(f"\npycocotools / faster-coco-eval: {ratio:.1f} (at least {LIMIT}).")
    print(
        f"Of the 12 numbers, the one that differs most does by {off:.1g} (at most {LIMIT_OFF:.0g})."
    )
    return int(ratio < LIMIT or off > LIMIT_OFF)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
