"""score: what predictions are worth beside the labels."""

import json
from collections.abc import Mapping
from typing import Any

from retable_data import arrays, indexes, plugins
from retable_data.arrays import Entries
from retable_job import contract
from retable_job.errors import JobError


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/score-job/1`; return the facts `metrics`, `per_class` and `images`.

    `metrics` maps names to numbers, or to null where the labels hold nothing that the number could
    be of; `images` counts the pictures that were scored.
    """
    metric = plugins.load("metrics", job["metric"])
    index = indexes.read(contract.verified(job["index"]))
    placements = json.loads(contract.verified(job["placements"]).read_text(encoding="utf-8"))
    paths = contract.verified_all(job["predictions"])
    predictions = {name: arrays.Stored(path) for name, path in paths.items()}
    _check(placements, predictions)
    found = metric.score(index, placements, predictions, job["options"])
    images = len({placement["item"] for placement in placements})
    return {"facts": {"per_class": None, **found, "images": images}}


def _check(placements: list[dict[str, Any]], predictions: Mapping[str, Entries]) -> None:
    for name, array in predictions.items():
        if len(array) != len(placements):
            raise JobError(
                f"output {name!r} has {len(array)} predictions for {len(placements)} inputs"
            )
