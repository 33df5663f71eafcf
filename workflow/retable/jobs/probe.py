"""The job of the verb `probe`."""

from typing import Literal

from pydantic import Field

from retable.jobs.phone import ReachesPhone


class ProbeJob(ReachesPhone):
    """Tell what the interpreter and the machine are."""

    schema_: Literal["retable/probe-job/1"] = Field("retable/probe-job/1", alias="schema")
