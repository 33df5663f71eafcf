"""What the host and the in-environment packages say to each other: one job file, one result file.

Neither `retable_export` nor `retable_runner` imports this module. They read the same keys from
JSON; `workflow/schemas/` holds the schemas generated from here (`python -m retable schemas`).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

OutcomeName = Literal[
    "ok",
    "not_converged",
    "unsupported",
    "build_failed",
    "out_of_memory",
    "timeout",
    "crashed",
    "unavailable",
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Message(BaseModel):
    """A JSON object with exactly the keys of its schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Artifact(Message):
    """A file that a step made or reads: path relative to the working folder, and what it holds."""

    path: str
    sha256: Sha256
    bytes: int


class InputShape(Message):
    """The size of a network's input image, in pixels, and how many of them go in at once."""

    height: int
    width: int
    batch: int = 1


class NativeJob(Message):
    """Make what the framework itself loads: from the official weights, or from a seed."""

    schema_: Literal["retable/native-job/1"] = Field("retable/native-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    weights: Literal["official", "random"]
    fetched: dict[str, Artifact]
    seed: int
    folder: str


class ExportJob(Message):
    """Turn the native weights into ONNX for one input size, with a sample input to run it on."""

    schema_: Literal["retable/export-job/1"] = Field("retable/export-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    native: dict[str, Artifact]
    input: InputShape
    opset: int
    seed: int
    onnx: str
    sample: str


class TailJob(Message):
    """Fuse a tail behind the graph of an ONNX file."""

    schema_: Literal["retable/tail-job/1"] = Field("retable/tail-job/1", alias="schema")
    tail: str
    source: Artifact
    onnx: str


class FidelityJob(Message):
    """Compare every ONNX file of one model and input with the framework's own FP32 output."""

    schema_: Literal["retable/fidelity-job/1"] = Field("retable/fidelity-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    native: dict[str, Artifact]
    input: InputShape
    sample: Artifact
    graphs: dict[str, Artifact]  # "{tail}/{precision}" -> ONNX file


class ProbeJob(Message):
    """Tell what the interpreter and the machine are."""

    schema_: Literal["retable/probe-job/1"] = Field("retable/probe-job/1", alias="schema")


class BuildJob(Message):
    """Turn an ONNX file (or, for native roles, the framework's own files) into an engine."""

    schema_: Literal["retable/build-job/1"] = Field("retable/build-job/1", alias="schema")
    backend: str
    source: dict[str, Artifact]
    precision: str
    options: dict[str, Any]
    folder: str


class Warmup(Message):
    """How long a launch runs before it counts: at least this time and this many iterations.

    A model slower than `slow_ms` needs `slow_iterations` only.
    """

    min_ms: float
    min_iterations: int
    slow_ms: float
    slow_iterations: int
    max_ms: float


class Measure(Message):
    """How long a launch counts: at least this time and this many samples, at most `max_ms`."""

    min_ms: float
    min_samples: int
    max_ms: float


class LaunchJob(Message):
    """Time one case in one process."""

    schema_: Literal["retable/launch-job/1"] = Field("retable/launch-job/1", alias="schema")
    backend: str
    engine: dict[str, Artifact]
    sample: Artifact
    post: str
    options: dict[str, Any]
    warmup: Warmup
    measure: Measure


class Result(Message):
    """What an in-environment process leaves behind, whatever its job was."""

    schema_: Literal["retable/result/1"] = Field("retable/result/1", alias="schema")
    outcome: OutcomeName
    reason: str | None = None
    artifacts: dict[str, Artifact] = {}
    versions: dict[str, str] = {}
    facts: dict[str, Any] = {}
    samples: dict[str, list[float]] = {}  # field -> milliseconds, one per iteration


Job = NativeJob | ExportJob | TailJob | FidelityJob | ProbeJob | BuildJob | LaunchJob
