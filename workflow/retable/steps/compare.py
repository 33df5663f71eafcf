"""Put what was measured beside what was published: every cell, condition and claim of a suite."""

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from retable.availability import PlugIns
from retable.comparing.answers import answer_of
from retable.comparing.chains import Fidelities
from retable.comparing.claims import judge
from retable.comparing.comparison import (
    Agreement,
    ComparedCell,
    ComparedTable,
    Comparison,
    Network,
    PublishedValue,
    SessionSummary,
    WeightsUsed,
)
from retable.comparing.compilations import compiled_cases
from retable.comparing.conditions import conditions_of
from retable.comparing.floors import noise_floors
from retable.comparing.measurements import Measurements
from retable.comparing.paces import session_paces
from retable.comparing.scores import Scores
from retable.comparing.scoring import scorings_of
from retable.comparing.splits import compared_splits
from retable.config.load import load_configuration
from retable.config.model import Model
from retable.config.suite import Table
from retable.files import read_json, write_json
from retable.plan import Plan
from retable.planning import planned, published_values
from retable.published import Published
from retable.records import Record, read_record
from retable.selection import Selection
from retable.sessions import Session
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suite", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="of the run, as JSON")
    for records in (
        "timings",
        "scores",
        "fidelities",
        "engine_fidelities",
        "natives",
        "exports",
        "environments",
    ):
        parser.add_argument(f"--{records}", type=Path, nargs="*", required=True)
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    configuration = load_configuration(Path())
    settings = given.settings
    plan = planned(
        configuration,
        PlugIns(configuration.root),
        configuration.devices[given.device].playing(settings["players"]),
        suite=given.suite,
        further=settings["further"],
        selection=Selection(settings["models"], settings["inputs"]),
        size=settings["size"],
    )
    suite = plan.suite
    paths = {path.stem: path for path in given.timings}
    sessions = {name: Session.model_validate(read_json(path)) for name, path in paths.items()}
    machine = _machine(map(read_record, given.environments))
    scores = Scores(map(read_record, given.scores), settings["data"])
    graphs = [read_record(path) for path in given.fidelities]
    fidelities = Fidelities(graphs, map(read_record, given.engine_fidelities))
    measured = Measurements(plan, sessions, scores, fidelities.unheld(plan))
    published = {value.place: value for value in published_values(configuration, given.suite)}
    natives = [read_record(path) for path in given.natives]
    weights = [
        _weights(record, configuration.models[record.subject["model"]]) for record in natives
    ]
    comparison = Comparison(
        suite=suite.suite,
        title=suite.title,
        document=suite.document,
        url=suite.url,
        licence=suite.licence,
        notes=suite.notes,
        device=plan.device.device,
        device_title=plan.device.title,
        device_notes=plan.device.notes,
        emulated=plan.device.emulated,
        settings=settings,
        machine=machine,
        versions=_versions(plan, measured),
        tables=[
            _table(table, plan, published, measured, weights, machine, settings["budget"])
            for table in suite.tables
        ],
        claims=[judge(claim, plan, published, measured) for claim in suite.claims],
        splits=compared_splits(plan, measured),
        compiled=compiled_cases(plan, measured),
        plots=suite.plots,
        weights=weights,
        networks=[_network(read_record(path), weights) for path in given.exports],
        agreements=[_agreement(record) for record in graphs],
        chains=fidelities.chains(plan),
        scorings=scorings_of(plan, measured, configuration, settings),
        sessions=[
            _summary(session, paths[name], noise_floors(plan.blocks[name], plan, measured))
            for name, session in sessions.items()
        ],
    )
    write_json(given.output, comparison.model_dump(by_alias=True))


def _table(
    table: Table,
    plan: Plan,
    published: Mapping[tuple[str, str, str], Published],
    measured: Measurements,
    weights: list[WeightsUsed],
    machine: Mapping[str, object],
    budget: str,
) -> ComparedTable:
    cells = []
    for cell in plan.cells:
        if cell.table != table.table:
            continue
        value = published[cell.table, cell.row, cell.column]
        cells.append(
            ComparedCell(
                row=cell.row,
                column=cell.column,
                unit=cell.measure.unit,
                published=PublishedValue(text=value.text, value=value.value, failed=value.failed),
                answers=[answer_of(case, cell, value.value, measured) for case in plan.shown(cell)],
            )
        )
    return ComparedTable(
        table=table.table,
        title=table.title,
        device_label=table.device_label,
        keys=table.keys,
        rows=list(dict.fromkeys(cell.row for cell in cells)),
        columns=list(table.columns),
        backends=list(dict.fromkeys(one.backend for cell in cells for one in cell.answers)),
        cells=cells,
        conditions=conditions_of(table, plan, measured, weights, machine, budget),
        notes=table.notes,
    )


def _weights(native: Record, model: Model) -> WeightsUsed:
    return WeightsUsed(
        model=native.subject["model"],
        title=model.title,
        source=model.weights.source,
        weights=native.facts.get("weights", "none"),
        reason=native.facts.get("weights_reason", native.reason),
        trained_on=native.facts.get("trained_on"),
        parameters=native.facts.get("parameters"),
    )


def _network(export: Record, weights: list[WeightsUsed]) -> Network:
    used = next(one for one in weights if one.model == export.subject["model"])
    return Network(
        model=used.model,
        title=used.title,
        input=export.subject["input"],
        parameters=used.parameters,
        gflops=export.facts.get("gflops"),
        reason=export.reason,
    )


def _machine(environments: Iterable[Record]) -> dict[str, object]:
    """What the device's environments tell of the machine, without what they could not find."""
    wanted = (
        "board",
        "cpu",
        "gpu",
        "cores",
        "memory_bytes",
        "architecture",
        "kernel",
        "os",
        "governor",
    )
    found: dict[str, object] = {}
    for record in environments:
        machine = record.facts.get("machine", {})
        found.update({key: machine[key] for key in wanted if machine.get(key) is not None})
    return found


def _versions(plan: Plan, measured: Measurements) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for block in plan.runnable:
        for case in block.runnable:
            for result in measured.results(case)[:1]:
                found.setdefault(case.player, {}).update(result.versions)
    return found


def _agreement(fidelity: Record) -> Agreement:
    subject = fidelity.subject
    return Agreement(
        model=subject["model"],
        input=subject["input"],
        graph=f"{subject['tail']}/{subject['precision']}",
        reason=fidelity.reason,
        facts=fidelity.facts,
    )


def _summary(session: Session, path: Path, floors: dict[str, float | None]) -> SessionSummary:
    loads = [one.load_average for one in session.launches if one.load_average is not None]
    return SessionSummary(
        block=session.job.block,
        path=str(path),
        started=session.started,
        seconds=session.seconds,
        launches=len(session.launches),
        seed=session.job.seed,
        source_commit=session.source_commit,
        twin=session.twin,
        noise_floors=floors,
        load_average=(min(loads), max(loads)) if loads else None,
        paces=session_paces(session.launches),
    )
