"""sample: one input to run a network on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from retable_export import contract, plugins, samples
from retable_export.errors import JobError


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/sample-job/2`; return the artifact `sample`, and the inputs it holds.

    With pictures it is the first of them, as many as a batch has, prepared by the framework's own
    means; the artifact `pictures` holds them as they were. Without, it is made from the seed.
    """
    exporter = plugins.load("exporters", job["exporter"])
    shape = contract.InputShape.of(job)
    path, made = Path(job["sample"]), {}
    if job["pictures"] is None:
        arrays = exporter.sample(job["options"], shape, job["seed"])
    else:
        pictures = first(contract.verified(job["pictures"]), shape.batch)
        arrays = exporter.prepare(job["options"], pictures)
        made = {"pictures": contract.artifact(_kept(pictures, path.with_suffix(".pictures.npy")))}
    samples.save_arrays(arrays, path)
    return {
        "artifacts": {"sample": contract.artifact(path), **made},
        "facts": {"inputs": samples.describe(arrays)},
    }


def first(path: Path, count: int) -> np.ndarray:
    """Return the first `count` pictures of an .npy; JobError if it holds fewer."""
    pictures = np.load(path, mmap_mode="r", allow_pickle=False)
    if len(pictures) < count:
        raise JobError(f"{path}: {len(pictures)} pictures, and a batch has {count}")
    return np.array(pictures[:count])


def _kept(pictures: np.ndarray, path: Path) -> Path:
    with contract.replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, pictures)
    return path
