"""Measured beside published: what the step `compare` leaves, and all that a report may show."""

from typing import Any, Literal

from pydantic import Field

from retable.config.suite import Plot
from retable.contract import Message, OutcomeName


class Interval(Message):
    """A value and its interval, in the unit of its cell; `coverage` as a probability."""

    value: float
    low: float
    high: float
    coverage: float


class PublishedValue(Message):
    """The published cell: as printed, as a number, or why there is none."""

    text: str
    value: float | None
    failed: str


class Caution(Message):
    """Something that speaks against a value: its kind, and one sentence with figures."""

    kind: Literal[
        "emulated",
        "contended",
        "unsteady",
        "compiling",
        "drift",
        "outliers",
        "throttled",
        "clock",
        "steal",
        "pace",
        "unheld",
    ]
    text: str


class Answer(Message):
    """What one backend of this device measured for a cell, or why there is no number."""

    backend: str
    case: str
    block: str
    beside: bool  # of another role than the published value's: it has no verdict
    outcome: OutcomeName
    reason: str | None
    field: str | None = None  # the samples that were used, if other than the table's field
    measured: Interval | None = None
    score: float | None = None  # an accuracy, in the unit of the cell: it has no interval
    ratio: Interval | None = None  # measured / published
    # On the published device only:
    verdict: Literal["reproduced", "differs", "undecided"] | None = None
    launches: int = 0
    samples: int = 0
    # Which samples the value is of: the undisturbed ones, all by their CPU time, or all.
    basis: Literal["kept", "cpu", "all"] | None = None
    kept_share: float | None = None  # undisturbed samples; None where nothing tells them
    of_all: Interval | None = None  # the same statistic of all samples, as the clock had them
    # The machine's pace while it was timed, in milliseconds (see Pace), and the same value at that
    # pace throughout: each turn's samples scaled to it. For sessions at another pace, scale both.
    pace_ms: float | None = None
    at_pace: Interval | None = None
    cautions: list[Caution] = []


class ComparedCell(Message):
    """One published value and this device's answers to it."""

    row: str
    column: str
    unit: str
    published: PublishedValue
    answers: list[Answer]


class Condition(Message):
    """Something that a value depends on: as published, and as it was here."""

    name: str
    published: str
    here: str


class ComparedTable(Message):
    """One published table in its own layout."""

    table: str
    title: str
    device_label: str
    keys: list[str]
    rows: list[str]
    columns: list[str]
    backends: list[str]
    cells: list[ComparedCell]
    conditions: list[Condition]
    notes: list[str]


class Pair(Message):
    """One ratio that a claim speaks of: its cell over its partner, published and measured."""

    row: str
    column: str
    published: float | None
    measured: Interval | None
    noise_floor: float | None  # of its block; None if it has none
    verdict: Literal["holds", "fails", "undecided"] | None
    outcome: OutcomeName  # other than `ok`: why one of the two has no number
    reason: str | None


class ClaimAnswer(Message):
    """A claim on one backend of this device."""

    backend: str
    verdict: Literal["holds", "fails", "mixed", "undecided", "not testable"]
    detail: str
    pairs: list[Pair]


class ComparedClaim(Message):
    """A claim, what the published table says of it, and what this device says."""

    name: str
    claim: str
    note: str | None
    published: str
    answers: list[ClaimAnswer]


class Versus(Message):
    """One latency over another, and what that says of the one."""

    ratio: Interval
    noise_floor: float | None  # of their block, in samples of the kind that the ratio is of
    verdict: Literal["faster", "slower", "no difference", "undecided"]


class Way(Message):
    """One way of doing a split's work, and what it takes beside the others."""

    alternative: str  # tail and post
    outside: str | None  # what it does behind the engine; None: nothing
    answer: Answer  # the median of latency_sync
    behind_ms: float | None  # what of it is spent behind the engine
    to_fastest: Versus | None  # None of the fastest itself, and where there is no number
    to_engine: Versus | None  # beside the way that does all in the engine


class ComparedSplit(Message):
    """The ways of one work on one backend, the fastest first, those without a number last."""

    work: str
    model: str
    input: str
    precision: str
    backend: str
    ways: list[Way]


class Compiled(Message):
    """A case with a setting of what is compiled: what that costs, and the steady state after it."""

    model: str
    input: str
    backend: str
    setting: str  # xla=gpu
    answer: Answer  # the median of the steady state
    clusters: float | None  # compiled in a launch; this and what follows: the launches' median
    late: int | None  # of all launches, those compiled while it was timed
    compile_s: float | None  # what compiling took
    first_call_ms: float | None
    to_plain: Versus | None  # beside the setting that compiles nothing


class Network(Message):
    """A network at an input: its size, and the arithmetic of its graph without a tail."""

    model: str
    title: str
    input: str
    parameters: int | None
    gflops: float | None  # 1e9 operations an inference, a multiply-add being two
    reason: str | None  # why there is no graph


class WeightsUsed(Message):
    """The weights of one model: official, or embedded or random with the reason."""

    model: str
    title: str
    weights: str
    source: str | None  # where official ones are from, as the model's file says
    reason: str | None
    trained_on: str | None  # the embedded data set, of embedded weights
    parameters: int | None


class Agreement(Message):
    """How far one graph's output is from the framework's FP32 output, by the step `fidelity`."""

    model: str
    input: str
    graph: str
    reason: str | None  # why it could not be compared
    facts: dict[str, Any]


class Drop(Message):
    """A stage that lost more agreement than its arithmetic explains: see `comparing.stages`."""

    stage: str
    measure: Literal["agreement", "relative"]
    lost: float
    allowed: float
    of: Literal["pixels", "detections"] = "pixels"  # what agreement is a share of


class Chain(Message):
    """How far what a case's engine computes is from the framework, and where that comes from."""

    model: str
    input: str
    case: str
    reason: str | None  # why it could not be compared
    facts: dict[str, Any]
    drops: list[Drop]  # the stages that lost more than they may, in the chain's order


class Scored(Message):
    """What a case's predictions are worth, beside its latency."""

    model: str
    input: str
    case: str
    backend: str
    outcome: OutcomeName
    reason: str | None
    metrics: dict[str, float | None]
    # The median, what follows outside the engine included; None also of an emulated device.
    latency_ms: Interval | None
    cautions: list[Caution] = []


class Scoring(Message):
    """On what, and by what, cases of a suite were scored."""

    data: str  # the data set's title
    split: str
    images: int | None
    metric: str
    headline: str
    columns: list[str]  # further numbers of the metric to be shown, where a case has them
    latency: str  # the field that `latency_ms` is of
    notes: list[str]
    scored: list[Scored]


class Pace(Message):
    """How fast the machine's CPU was: what its yardstick took, the medians of a session's launches.

    See retable_runner.yardstick: milliseconds of CPU time, so that more is slower.
    """

    median_ms: float
    fastest_ms: float
    slowest_ms: float


class SessionSummary(Message):
    """When and how a block was timed; the samples are in the session's own file."""

    block: str
    path: str
    started: str
    seconds: float
    launches: int
    seed: int
    source_commit: str | None
    twin: str | None  # the case that was timed twice
    noise_floors: dict[str, float | None]  # field -> how far the two lay apart: 0.01 is 1 %
    load_average: tuple[float, float] | None  # lowest and highest before a launch; None: not told
    paces: dict[str, Pace] = {}  # the version of numpy, whose yardstick it is -> the machine's pace


class Comparison(Message):
    """A suite on a device."""

    schema_: Literal["retable/comparison/5"] = Field("retable/comparison/5", alias="schema")
    suite: str
    title: str
    document: str
    url: str
    licence: str
    notes: list[str]
    device: str
    device_title: str
    device_notes: list[str] = []  # what its file says of it, and of its players
    emulated: bool = False  # times are shown, and compared with nothing
    settings: dict[str, str | int | None]  # of the run: budget, seed, weights ...
    machine: dict[str, Any]
    versions: dict[str, dict[str, str]]  # backend -> package -> version
    tables: list[ComparedTable]
    claims: list[ComparedClaim]
    splits: list[ComparedSplit]
    compiled: list[Compiled]
    plots: list[Plot]
    weights: list[WeightsUsed]
    networks: list[Network]
    agreements: list[Agreement]
    chains: list[Chain]
    scorings: list[Scoring]  # one a data set
    sessions: list[SessionSummary]
