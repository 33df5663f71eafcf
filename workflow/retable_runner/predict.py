"""The verb `predict`: run an engine on many pictures, and keep what it says of each."""

import time

import numpy as np

from retable_runner import arrays, backends, contract, host, posts, program
from retable_runner.errors import JobError, Unsupported
from retable_runner.labels import labels_of
from retable_runner.launch import read_sample
from retable_runner.preparation import prepared

KEYS = (
    "backend",
    "engine",
    "options",
    "post",
    "pictures",
    "preparation",
    "sample",
    "input",
    "keep",
    "folder",
)


def run(job, result):
    """Run the engine on all that the job gives; leave an array for each output it keeps.

    An array's first axis is that of the pictures; `labels` is uint8 [N, H, W]; an output without
    such an axis (a detector's anchors) is left out. With a sample, it is what the engine is given,
    and all outputs are left as they are; pictures beside it are only prepared, and left as
    `prepared`.
    """
    files = {role: contract.verified(wanted) for role, wanted in job["engine"].items()}
    backend = backends.load(job["backend"])
    post = posts.load(job["post"])
    backends.prepare(backend, job["options"])
    result["versions"].update(backend.versions())
    given = _given(job)
    memory = getattr(backend, "MEMORY", host)
    if memory is program:
        raise Unsupported("this program times an engine, and does not tell what it computes")
    start = time.perf_counter()
    with memory.opened(backend, files, job["options"], given.first()) as inference:
        paths = _written(inference, post, given, job)
        result["facts"].update(engine=inference.facts, inputs=given.count)
    result["facts"]["seconds"] = round(time.perf_counter() - start, 3)
    if job["sample"] is not None and job["pictures"] is not None:
        paths["prepared"] = _prepared(job)
    result["artifacts"] = {name: contract.artifact(path) for name, path in paths.items()}


def _written(inference, post, given, job):
    """Run on all that is given; return the paths of the arrays by name."""
    answer = inference.answering(post)
    names = None  # of what is kept, the same in all batches
    with arrays.Folder(job["folder"]) as folder:
        for feeds, count in given.batches():
            inference.refill(feeds)
            named = answer()
            named = _kept(named, job["keep"])
            if job["sample"] is None:
                named = _of_pictures(named, count, len(next(iter(feeds.values()))))
            found = [name for name, _ in named]
            names = found if names is None else names
            if found != names:
                raise Unsupported("an output has an entry a picture in some batches only")
            for name, array in named:
                folder.append(name, np.atleast_1d(array))
    if not names:
        raise Unsupported("none of the outputs that are read has an entry a picture")
    return folder.paths


def _kept(named, keep):
    """Of outputs what the job keeps: labels made of them, all (`outputs`), or those it names."""
    if keep == "labels":
        return [("labels", labels_of(named))]
    return [(name, array) for name, array in named if keep == "outputs" or name in keep]


def _of_pictures(named, count, batch):
    """Of outputs of a batch those that have an entry a picture, and as many as pictures count."""
    return [(name, array[:count]) for name, array in named if array.shape[:1] == (batch,)]


def _prepared(job):
    """Prepare the pictures of the sample; return the path of the tensor."""
    pictures = _pictures(job)
    (tensor,) = prepared(np.asarray(pictures), job["preparation"]).values()
    with arrays.Folder(job["folder"]) as folder:
        folder.append("prepared", tensor)
    return folder.paths["prepared"]


def _given(job):
    if job["sample"] is not None:
        return _Sample(read_sample(contract.verified(job["sample"])))
    return _Pictures(_pictures(job), job["preparation"], job["input"]["batch"])


def _pictures(job):
    """Map the pictures into memory; JobError if they are not of the job's size."""
    pictures = np.load(contract.verified(job["pictures"]), mmap_mode="r", allow_pickle=False)
    wanted = (job["input"]["height"], job["input"]["width"], 3)
    if pictures.dtype != np.uint8 or pictures.shape[1:] != wanted:
        raise JobError(
            "pictures are {} {}, wanted uint8 [N, {}, {}, {}]".format(
                pictures.dtype, list(pictures.shape), *wanted
            )
        )
    return pictures


class _Pictures(object):
    """Pictures, prepared a batch at a time; the last batch is filled up with its last picture."""

    def __init__(self, pictures, preparation, batch):
        self._pictures = pictures
        self._preparation = preparation
        self._batch = batch
        self.count = len(pictures)

    def first(self):
        """Return the feeds to open an engine with."""
        return self._feeds(0)

    def batches(self):
        """Yield (feeds, how many of their entries count)."""
        for start in range(0, self.count, self._batch):
            yield self._feeds(start), min(self._batch, self.count - start)

    def _feeds(self, start):
        wanted = np.minimum(np.arange(start, start + self._batch), self.count - 1)
        return prepared(self._pictures[wanted], self._preparation)


class _Sample(object):
    """Tensors as they are, one batch."""

    def __init__(self, feeds):
        self._feeds = feeds
        self.count = len(next(iter(feeds.values())))

    def first(self):
        """Return the feeds to open an engine with."""
        return self._feeds

    def batches(self):
        """Yield (feeds, how many of their entries count)."""
        yield self._feeds, self.count
