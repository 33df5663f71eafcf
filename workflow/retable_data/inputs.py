"""inputs: the pictures of an index, as they go into a network of one size."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retable_data import arrays, indexes, pictures, plugins
from retable_job import contract
from retable_job.errors import JobError


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/inputs-job/1`; return the artifacts `pictures` and `placements`.

    `pictures` is uint8 [N, height, width, 3] RGB, at the path that the job names; `placements`, a
    JSON list of N dictionaries, lies beside it. The fact `inputs` is N, `images` how many pictures
    they came from.
    """
    place = plugins.load("geometries", job["geometry"]).place
    index = with_annotations(indexes.read(contract.verified(job["index"])))
    shape = contract.InputShape.of(job)
    path = Path(job["pictures"])
    placements: list[dict[str, Any]] = []
    with arrays.growing(path, (shape.height, shape.width, 3), "uint8") as array:
        for item in index["items"]:
            picture = pictures.read_rgb(Path(item["picture"]))
            for entry, placement in place(picture, item, shape.height, shape.width, job["options"]):
                array.append(entry)
                placements.append(placement)
        if not placements:
            raise JobError(f"geometry {job['geometry']} finds nothing in the pictures of {path}")
    return {
        "artifacts": {
            "pictures": contract.artifact(path),
            "placements": contract.artifact(_written(placements, path)),
        },
        "facts": {"images": len(index["items"]), "inputs": len(placements)},
    }


def with_annotations(index: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give each item of an index its COCO annotations, if the index has some."""
    if "annotations" not in index:
        return index
    by_image = defaultdict(list)
    content = json.loads(Path(index["annotations"]).read_text(encoding="utf-8"))
    for annotation in content["annotations"]:
        by_image[annotation["image_id"]].append(annotation)
    items = [{**item, "annotations": by_image[item["id"]]} for item in index["items"]]
    return {**index, "items": items}


def _written(placements: list[dict[str, Any]], pictures_path: Path) -> Path:
    path = pictures_path.with_suffix(".placements.json")
    with contract.replacing(path) as temporary:
        temporary.write_text(json.dumps(placements) + "\n", encoding="utf-8")
    return path
