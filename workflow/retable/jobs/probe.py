"""The job of the verb `probe`."""

from typing import Literal

from pydantic import Field

from retable.contract import Message


class ProbeJob(Message):
    """Tell what the interpreter and the machine are."""

    schema_: Literal["retable/probe-job/1"] = Field("retable/probe-job/1", alias="schema")
