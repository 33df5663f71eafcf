"""The job's side of the contract with the host, as exporters and verbs of this package use it."""

from retable_job.contract import (
    InputShape,
    artifact,
    replacing,
    sha256_of,
    verified,
    verified_all,
)

__all__ = ["InputShape", "artifact", "replacing", "sha256_of", "verified", "verified_all"]
