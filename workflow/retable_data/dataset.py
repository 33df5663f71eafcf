"""dataset: the pictures of a split, and the index that names them."""

from pathlib import Path
from typing import Any

from retable_data import indexes, plugins
from retable_job import contract
from retable_job.errors import JobError


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/dataset-job/1`; return the artifact `index`, and how much it names.

    `images` is the number of pictures, `classes` that of the classes.
    """
    make = plugins.load("sets", job["set"]).make
    fetched = contract.verified_all(job["fetched"])
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    made = make(job["options"], fetched, job["split"], job["images"], folder)
    if not made["items"]:
        raise JobError(f"set {job['set']} has no pictures in its split {job['split']}")
    index = indexes.write({"set": job["set"], "split": job["split"], **made}, folder)
    return {
        "artifacts": {"index": contract.artifact(index)},
        "facts": {"images": len(made["items"]), "classes": len(made["classes"])},
    }
