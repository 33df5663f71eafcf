"""config/suites/*.yaml: a published document as rows, columns, cases and claims."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from retable.config.dataset import Split as DataSplit
from retable.config.device import Precision, Role
from retable.config.entry import Entry, InputSize, Name, PluginName, Scalar, nearest

Field_ = Literal[
    "gpu_compute",
    "latency_sum",
    "latency_sync",
    "latency_pipe",
    "latency_run",
    "latency_run_d2h",
    "latency_call",
]
Statistic = Literal["mean", "median", "min", "p99", "images_per_second", "total_time"]
Unit = Literal["ms", "ms/item", "s", "1/s", "%", "share"]  # ms/item: divided by the batch


class Point(Entry):
    """What a row or a column label stands for: part of a case, part of a measure, or both."""

    model: Name | None = None
    input: InputSize | None = None  # height x width, whatever order the table prints
    batch: int | None = None
    tail: PluginName | None = None
    post: PluginName | None = None
    role: Role | None = None
    precision: Precision | None = None
    options: dict[str, Scalar] = {}
    measured_on: Name | None = None  # the device file of the published value, if it names one
    field: Field_ | None = None
    statistic: Statistic | None = None
    score: str | None = None  # an accuracy instead of a time: "miou", "bbox/AP", ...
    unit: Unit | None = None

    def over(self, base: "Point") -> "Point":
        """This point laid over `base`: what it says wins, options are merged key by key."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        said["options"] = {**base.options, **self.options}
        return base.model_copy(update=said)


class Expectation(Entry):
    """What a claim says of the ratio: exactly one of the three."""

    below: float | None = None
    above: float | None = None
    between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(bound is not None for bound in (self.below, self.above, self.between)) != 1:
            raise ValueError("give exactly one of 'below', 'above', 'between'")
        return self

    def bounds(self) -> tuple[float, float]:
        """The interval of ratios for which the claim is true."""
        if self.between is not None:
            return self.between
        if self.below is not None:
            return (0.0, self.below)
        assert self.above is not None
        return (self.above, float("inf"))


class Claim(Entry):
    """A sentence that the tables support: the ratio of two of their cells, wherever both stand.

    Every cell that agrees with `ratio_of` is divided by the cell whose case is the same but for
    what `to` says. Both show the same measure (field, statistic, score) and the same device.

    With `over`, that ratio is divided by the one of the two cells whose cases are the same but for
    what `over` says: each of the two is of one session, however far apart these are.
    """

    name: Name
    claim: str
    table: Name | None = None  # where both cells stand; None: anywhere in the suite
    models: list[Name] = []  # the claim is about these only; none named: about all
    ratio_of: Point
    to: Point
    over: Point | None = None
    expect: Expectation
    note: str | None = None


class Table(Entry):
    """One table: the header of its key columns, its rows (a product of axes), its columns.

    An axis maps a label, as printed, to its point. A row's label is the axes' labels joined by
    " | "; a label may hold several key columns itself, joined the same way.
    """

    table: Name
    title: str
    device_label: str  # the device's name as the document prints it
    keys: list[str]
    case: Point
    rows: list[dict[str, Point]] = Field(min_length=1)
    columns: dict[str, Point] = Field(min_length=1)
    beside: list[Role] = []  # roles that answer each row as well, without its options
    conditions: dict[str, str] = {}  # how the published values were measured
    notes: list[str] = []


class Plot(Entry):
    """A bar chart of one column: a group for each value of the first key, bars for the rest.

    With `against`, another table's name: the rows of both, each with a bar of either table.
    """

    title: str
    table: Name
    column: str
    against: Name | None = None


class Accuracy(Entry):
    """How predictions are scored: a metric, and the data sets it can be asked for."""

    metric: PluginName  # a file in retable_data/metrics
    options: dict[str, Scalar] = {}
    headline: str  # which of its numbers stands for all, where there is room for one
    columns: list[str] = []  # others to be shown beside it, where a case has them
    latency: Field_ = "latency_sync"  # what accuracy stands beside
    published: Name  # the document's own data set
    embedded: Name  # the one that lies in the repository
    split: DataSplit = "val"


class Alternative(Entry):
    """One way to do a split's work: this in the engine, that behind it."""

    tail: PluginName
    post: PluginName = "none"
    outside: str | None = None  # what is done behind the engine, as a sentence names it


class Split(Entry):
    """Work that engine and post-processing can share out among them in several ways."""

    work: str  # what comes of it, whichever way it is done
    alternatives: list[Alternative] = Field(min_length=2)  # the first: all of it in the engine

    @model_validator(mode="after")
    def _the_first_has_nothing_outside(self) -> Self:
        first, *others = self.alternatives
        if first.outside is not None or any(one.outside is None for one in others):
            raise ValueError(
                f"split {self.work!r}: every alternative but the first says what is 'outside'"
            )
        return self


class Splits(Entry):
    """Where the suite asks which way is faster: each of `models`, in each of `precisions`.

    Of what other rows have, whatever can be compared is compared as well.
    """

    case: Point
    models: list[Name]
    precisions: list[Precision]
    of: list[Split] = Field(min_length=1)

    def points(self) -> list[Point]:
        """All the cases that it takes to answer."""
        return [
            Point(model=model, precision=precision, tail=one.tail, post=one.post).over(self.case)
            for model in self.models
            for precision in self.precisions
            for split in self.of
            for one in split.alternatives
        ]


class Compilation(Entry):
    """An option of the cases by which the framework compiles what runs."""

    option: str
    plain: Scalar  # its value that compiles nothing
    field: Field_  # the steady state that settings are compared by


class Suite(Entry):
    """One published document."""

    suite: Name
    title: str
    document: str
    url: str
    licence: str
    tables: list[Table]
    claims: list[Claim] = []
    plots: list[Plot] = []
    accuracy: list[Accuracy] = []  # a model is scored by the first whose labels it has
    splits: Splits | None = None
    compilation: Compilation | None = None
    further: list[Point] = []  # cases that no table has, timed and scored beside those that do
    notes: list[str] = []

    def asking(self, further: str) -> "Suite":
        """The suite, with all that it asks beside the published rows, or (`none`) without."""
        if further == "all":
            return self
        tables = [table.model_copy(update={"beside": []}) for table in self.tables]
        return self.model_copy(update={"splits": None, "further": [], "tables": tables})

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        columns = {table.table: list(table.columns) for table in self.tables}
        for claim in self.claims:
            if claim.table is not None and claim.table not in columns:
                raise ValueError(_no_such("table", claim.table, columns, f"claim {claim.name}"))
        for plot in self.plots:
            where = f"plot {plot.title!r}"
            for name in filter(None, (plot.table, plot.against)):
                if name not in columns:
                    raise ValueError(_no_such("table", name, columns, where))
                if plot.column not in columns[name]:
                    raise ValueError(_no_such("column", plot.column, columns[name], where))
        return self


def _no_such(word: str, name: str, known: Iterable[str], where: str) -> str:
    return f"{where}: there is no {word} {name!r}; {nearest(name, list(known))}"
