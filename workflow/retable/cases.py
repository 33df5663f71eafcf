"""The vocabulary of a plan: requests, cases, measures, cells and blocks."""

from dataclasses import dataclass
from typing import Any

from retable.config.device import Precision, Role, Source
from retable.config.entry import Scalar
from retable.contract import InputShape, OutcomeName


@dataclass(frozen=True)
class Ending:
    """How a case ended, when that is known: an outcome and its reason."""

    outcome: OutcomeName
    reason: str


@dataclass(frozen=True)
class Request:
    """What a published table asks of any device: one cell's configuration, without a backend."""

    model: str
    input: str  # height x width
    batch: int
    tail: str
    post: str
    role: Role
    precision: Precision
    options: tuple[tuple[str, Scalar], ...]

    @property
    def input_key(self) -> str:
        """The input as a folder's name: `384x576`, or `384x576b8` for a batch of eight."""
        return self.input if self.batch == 1 else f"{self.input}b{self.batch}"

    @property
    def native(self) -> bool:
        """Whether the framework itself is asked for; a player may answer with a graph."""
        return self.role.startswith("native")

    @property
    def block(self) -> str:
        """The name of the block: what a table compares directly has the same model and input."""
        return f"{self.model}_{self.input}"


@dataclass(frozen=True)
class Case:
    """A request, answered by one player of one device. `ending` is set when it cannot run."""

    request: Request
    player: str  # its name on the device; empty when nobody plays the role
    backend: str  # the library behind it: a file in retable_runner/backends
    environment: str
    graph_precision: Precision  # of the ONNX file that the engine is built from
    ending: Ending | None = None
    source: Source | None = None  # as the device's player says

    @property
    def name(self) -> str:
        """The case's name within its block: `openvino.none+numpy_argmax.fp32`."""
        request = self.request
        work = self.work if request.post == "none" else f"{self.work}+{request.post}"
        parts = [self.label, work, request.precision]
        if request.batch != 1:
            parts.append(f"batch={request.batch}")
        parts += [f"{key}={value}" for key, value in request.options]
        return ".".join(parts)

    @property
    def label(self) -> str:
        """Who answers, as pages call it: the player, or where nobody plays the role, the role."""
        return self.player or self.request.role

    @property
    def native(self) -> bool:
        """Whether the framework's own files are run, and no graph is made."""
        return self.source == "native" if self.source else self.request.native

    @property
    def graph(self) -> str:
        """The engine's source under results/models/: a graph, or the native weights."""
        request = self.request
        if self.native:
            return f"{request.model}/native"
        return f"{request.model}/{request.input_key}/{request.tail}/{self.graph_precision}"

    @property
    def engine(self) -> str:
        """The engine under results/{device}/engines/."""
        request = self.request
        return f"{request.model}/{request.input_key}/{self.work}/{request.precision}/{self.player}"

    @property
    def work(self) -> str:
        """What of the network runs: the graph with this tail, or the framework's own (`native`)."""
        request = self.request
        return request.role.replace("-", "_") if request.native else request.tail


@dataclass(frozen=True)
class Measure:
    """Which number of a case a cell shows: a statistic of a timing field, or a score."""

    field: str | None
    statistic: str | None
    score: str | None
    unit: str


@dataclass(frozen=True)
class Cell:
    """The place of one published value: its table and labels, and the request it stands for."""

    table: str
    row: str
    column: str
    request: Request
    measure: Measure
    measured_on: str | None  # the published value's device, if a device file stands for it


@dataclass(frozen=True)
class Block:
    """The cases that are timed together in one session."""

    name: str
    cases: tuple[Case, ...]

    @property
    def runnable(self) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if case.ending is None)


def input_shape(key: str) -> InputShape:
    """Read an input key such as `384x576` or `384x576b8` back into its numbers."""
    size, _, batch = key.partition("b")
    height, width = size.split("x")
    return InputShape(height=int(height), width=int(width), batch=int(batch or 1))


def agrees(request: Request, wanted: dict[str, Any]) -> bool:
    """Whether the request has every value in `wanted` (options: at least those named)."""
    for key, value in wanted.items():
        if key == "options":
            if any(dict(request.options).get(name) != said for name, said in value.items()):
                return False
        elif getattr(request, key) != value:
            return False
    return True
