"""The runner's side of the JSON contract: read a job, check and describe files, write a result.

The keys are those of `retable.contract`, which this package does not import.
"""

import contextlib
import hashlib
import json
import os
import tempfile

from retable_runner.errors import JobError

RESULT_SCHEMA = "retable/result/1"
BLOCK_BYTES = 1 << 20


def read_job(path, schemas):
    """Read the job at `path`; its schema must be one of `schemas`.

    Raises JobError for a file that cannot be read, is not a JSON object or names no known schema.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            job = json.load(stream)
    except OSError as error:
        raise JobError("{}: cannot read the job ({})".format(path, error.strerror)) from None
    except ValueError as error:
        raise JobError("{}: not JSON ({})".format(path, error)) from None
    schema = job.get("schema") if isinstance(job, dict) else None
    if not isinstance(schema, str) or schema not in schemas:
        raise JobError(
            "{}: schema {!r} is not one this runner knows: {}".format(
                path, schema, ", ".join(sorted(schemas))
            )
        )
    return job


def check_keys(job, keys):
    """Raise JobError, naming them, if the job lacks some of `keys`."""
    missing = [key for key in keys if key not in job]
    if missing:
        raise JobError("a {} needs {}".format(job["schema"], ", ".join(missing)))


def new_result():
    """Return an empty result; a verb fills it as it learns, so that a failure keeps what is known.

    Samples are milliseconds, one per iteration, by field; contention is what was counted beside.
    """
    return {
        "schema": RESULT_SCHEMA,
        "outcome": "ok",
        "reason": None,
        "artifacts": {},
        "versions": {},
        "facts": {},
        "samples": {},
        "contention": {},
    }


@contextlib.contextmanager
def replacing(path):
    """Give a temporary path beside `path`; it takes the place of `path` if the block succeeds."""
    folder, name = os.path.split(path)
    os.makedirs(folder or ".", exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix="." + name + ".", dir=folder or ".")
    os.close(descriptor)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def write_json(path, value):
    """Write `value` as JSON, whole or not at all; NaN and infinity are refused (ValueError)."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        stream.write(text)


def sha256_of(path):
    """Return the SHA-256 of the file at `path`, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(BLOCK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()


def artifact(path):
    """Describe the file at `path`: {path, sha256, bytes}."""
    return {"path": path, "sha256": sha256_of(path), "bytes": os.path.getsize(path)}


def verified(wanted):
    """Return the path of the artifact `wanted`; JobError if another file, or none, lies there."""
    path = wanted["path"]
    if not os.path.isfile(path):
        raise JobError("{}: recorded, but not there".format(path))
    size = os.path.getsize(path)
    if size != wanted["bytes"]:
        raise JobError("{}: {} bytes, recorded as {}".format(path, size, wanted["bytes"]))
    if sha256_of(path) != wanted["sha256"]:
        raise JobError("{}: its sha256 is not the one that was recorded".format(path))
    return path
