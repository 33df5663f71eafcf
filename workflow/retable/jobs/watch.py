"""The job of the verb `watch`."""

from typing import Literal

from pydantic import Field

from retable.jobs.phone import ReachesPhone


class WatchJob(ReachesPhone):
    """Watch the machine every `interval_ms` until told to finish; None: do not."""

    schema_: Literal["retable/watch-job/1"] = Field("retable/watch-job/1", alias="schema")
    interval_ms: float | None
