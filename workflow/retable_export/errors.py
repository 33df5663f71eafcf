"""How a job can end other than well, as exporters and verbs of this package raise it."""

from retable_job.errors import JobError, UnavailableError, UnsupportedError, outcome_of

__all__ = ["JobError", "UnavailableError", "UnsupportedError", "outcome_of"]
