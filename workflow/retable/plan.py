"""From published values to cells, cases and blocks: one pure function, `plan_suite`."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from retable.cases import Block, Case, Cell, Ending, Measure, Request
from retable.config.device import Device, Player
from retable.config.entry import nearest
from retable.config.model import Model
from retable.config.suite import Point, Suite, Table
from retable.errors import RetableError
from retable.published import Published
from retable.selection import EVERYTHING, Selection

SEPARATOR = " | "  # between the labels of one row


@dataclass(frozen=True)
class Plan:
    """All that one suite means on one device.

    `answers[cell]` are its cases, one a backend; `beside[cell]` those of other roles that its table
    asks for as well.
    """

    suite: Suite
    device: Device
    cells: tuple[Cell, ...]
    answers: Mapping[Cell, tuple[Case, ...]]
    beside: Mapping[Cell, tuple[Case, ...]]
    blocks: Mapping[str, Block]
    size: str | None = None  # height x width of all inputs, if other than the suite's own

    @property
    def runnable(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks.values() if block.runnable)

    @property
    def runnable_cases(self) -> tuple[Case, ...]:
        return tuple(case for block in self.runnable for case in block.runnable)

    def shown(self, cell: Cell) -> tuple[Case, ...]:
        """All the cases whose values stand beside the published one."""
        return (*self.answers[cell], *self.beside[cell])

    def block_of(self, case: Case) -> Block:
        return self.blocks[case.request.block]


Availability = Callable[[Case, Model], Ending | None]


def plan_suite(
    suite: Suite,
    published: list[Published],
    device: Device,
    models: Mapping[str, Model],
    availability: Availability,
    selection: Selection = EVERYTHING,
    size: str | None = None,
) -> Plan:
    """Expand a suite on a device.

    Every published value gets exactly one cell, every label of the suite at least one value.
    `availability` says why a case cannot run here, or None; it is asked once a case that the
    `selection` has.
    """

    def ending(case: Case, model: Model) -> Ending | None:
        return selection.ending(case.request) or availability(case, model)

    cells = tuple(cells_of(suite, published, size))
    known: dict[Request, tuple[Case, ...]] = {}  # in the order in which blocks have their cases

    def expand(requests: Iterable[Request]) -> None:
        for request in requests:
            if request not in known:
                known[request] = cases_of(request, device, models[request.model], ending)

    expand(cell.request for cell in cells)
    answers = {cell: known[cell.request] for cell in cells}
    others = _requests_beside(suite, answers, device)
    expand(itertools.chain(*others.values(), further_requests(suite, size)))
    beside = {
        cell: tuple(itertools.chain(*(known[request] for request in others[cell])))
        for cell in cells
    }
    blocks: dict[str, list[Case]] = {}
    for request, found in known.items():
        blocks.setdefault(request.block, []).extend(found)
    return Plan(
        suite=suite,
        device=device,
        cells=cells,
        answers=answers,
        beside=beside,
        blocks={name: Block(name, tuple(cases)) for name, cases in blocks.items()},
        size=size,
    )


def cells_of(suite: Suite, published: list[Published], size: str | None = None) -> list[Cell]:
    """Find each published value's cell, in the order of the document.

    With a `size`, all inputs are of that, whatever the suite says.
    """
    tables = {table.table: table for table in suite.tables}
    rows = {name: _row_points(table) for name, table in tables.items()}
    cells = []
    for value in published:
        table = tables.get(value.table)
        if table is None:
            raise _homeless(suite, value, "table", value.table, list(tables))
        if value.row not in rows[value.table]:
            raise _homeless(suite, value, "row", value.row, list(rows[value.table]))
        if value.column not in table.columns:
            raise _homeless(suite, value, "column", value.column, list(table.columns))
        point = table.columns[value.column].over(rows[value.table][value.row])
        point = _sized(point, size)
        cells.append(_cell(suite, value, point))
    _check_labels_are_used(suite, rows, published)
    return cells


def _requests_beside(
    suite: Suite, answers: Mapping[Cell, tuple[Case, ...]], device: Device
) -> dict[Cell, list[Request]]:
    """What each cell's table asks of other roles; an option is of the role that it was said for.

    Of those that have players on the device, none of whom answers the cell already; and nothing
    where nobody answers it: there is nothing to stand beside.
    """
    roles = {table.table: table.beside for table in suite.tables}

    def is_asked(role: str, cases: tuple[Case, ...]) -> bool:
        own = {case.player for case in cases}
        playing = {name for name, player in device.backends.items() if role in player.roles}
        return bool(playing) and own != {""} and not own & playing

    return {
        cell: [
            dataclasses.replace(cell.request, role=role, options=())
            for role in roles[cell.table]
            if is_asked(role, cases)
        ]
        for cell, cases in answers.items()
    }


def further_requests(suite: Suite, size: str | None = None) -> list[Request]:
    """What the suite asks besides the published cells: timed and scored beside them."""
    of_splits = suite.splits.points() if suite.splits else []
    asked = {"further": suite.further, "splits": of_splits}
    return [
        _request(_sized(point, size), f"config/suites/{suite.suite}.yaml: {key}")
        for key, points in asked.items()
        for point in points
    ]


def _sized(point: Point, size: str | None) -> Point:
    return point if size is None else Point(input=size).over(point)


def cases_of(
    request: Request, device: Device, model: Model, availability: Availability
) -> tuple[Case, ...]:
    """Answer a request with each backend of the device that plays its role, or with a reason."""
    players = {
        name: player
        for name, player in device.backends.items()
        if request.role in player.roles
        and (
            not _case_of(request, name, player, device).native
            or device.framework(name) in (model.framework, "null")
        )
    }
    if not players:
        framework = f" for {model.framework} models" if request.native else ""
        reason = f"{device.title} has no backend for the role {request.role!r}{framework}"
        return (Case(request, "", "", "", request.precision, Ending("unsupported", reason)),)
    return tuple(
        _case(request, name, player, device, model, availability)
        for name, player in players.items()
    )


def _case(
    request: Request,
    name: str,
    player: Player,
    device: Device,
    model: Model,
    availability: Availability,
) -> Case:
    case = _case_of(request, name, player, device)
    if request.precision in player.precisions:
        return dataclasses.replace(case, ending=availability(case, model))
    reason = player.unsupported.get(
        request.precision, f"{name} does not run {request.precision} on {device.title}"
    )
    return dataclasses.replace(case, ending=Ending("unsupported", reason))


def _case_of(request: Request, name: str, player: Player, device: Device) -> Case:
    graph_precision = "fp32" if request.precision in player.precision_flags else request.precision
    backend = device.backend_of(name)
    return Case(request, name, backend, player.environment, graph_precision, source=player.source)


def _row_points(table: Table) -> dict[str, Point]:
    """Every row of the table, labels joined, laid over the table's own case."""
    points = {}
    for labels in itertools.product(*(axis.items() for axis in table.rows)):
        point = table.case
        for _, part in labels:
            point = part.over(point)
        points[SEPARATOR.join(label for label, _ in labels)] = point
    return points


def _cell(suite: Suite, value: Published, point: Point) -> Cell:
    where = f"config/suites/{suite.suite}.yaml: {' / '.join(value.place)}"
    request = _request(point, where)
    if point.unit is None:
        raise RetableError(f"{where}: no 'unit' for this cell in case, rows or columns")
    if (point.score is None) == (point.field is None or point.statistic is None):
        raise RetableError(f"{where}: give 'field' and 'statistic', or 'score'")
    measure = Measure(point.field, point.statistic, point.score, point.unit)
    return Cell(*value.place, request, measure, point.measured_on)


def _request(point: Point, where: str) -> Request:
    for key in ("model", "input", "role", "precision"):
        if getattr(point, key) is None:
            raise RetableError(f"{where}: no {key!r} is given for it")
    assert point.model and point.input and point.role and point.precision
    return Request(
        model=point.model,
        input=point.input,
        batch=point.batch or 1,
        tail=point.tail or "none",
        post=point.post or "none",
        role=point.role,
        precision=point.precision,
        options=tuple(sorted(point.options.items())),
    )


def _homeless(
    suite: Suite, value: Published, word: str, label: str, known: list[str]
) -> RetableError:
    return RetableError(
        f"data/published/{suite.suite}.csv: {' / '.join(value.place)}: "
        f"config/suites/{suite.suite}.yaml has no {word} {label!r}; {nearest(label, known)}"
    )


def _check_labels_are_used(
    suite: Suite, rows: Mapping[str, Mapping[str, Point]], published: list[Published]
) -> None:
    used = {("row", value.table, value.row) for value in published}
    used |= {("column", value.table, value.column) for value in published}
    for table in suite.tables:
        labels = [("row", table.table, row) for row in rows[table.table]]
        labels += [("column", table.table, column) for column in table.columns]
        for label in labels:
            if label not in used:
                raise RetableError(
                    f"config/suites/{suite.suite}.yaml: {' '.join(label)!r} has no published value "
                    f"in data/published/{suite.suite}.csv"
                )
