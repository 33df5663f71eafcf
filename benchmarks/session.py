"""What a session file says of the method that made it.

    PYTHONPATH=workflow .venv/bin/python -m benchmarks.session SESSION.json ... [--over A B]

Of each session, by field: how far the A/A pair lies apart in each round, and how far the launches
of a case lie apart. On a GPU, what the host's clock adds to the sum of the parts. With `--over`,
the cases of player A over those of player B, by turns. Of several sessions, the A/A pairs of all
rounds together.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.tables import markdown
from retable.comparing.readings import Reading, ratio_by_round, reading
from retable.files import read_json
from retable.sessions import MEASURED, Session, SessionCase, launches_of
from retable_statistics.launches import apart, floor_of, median_of_launches, ratio_of_rounds

FIELDS = (
    *("latency_sync", "latency_sum", "gpu_compute", "h2d", "d2h"),  # by turns
    *("latency_run", "latency_run_d2h", "latency_pipe"),  # each in a pass of its own
)


def fields_of(session: Session) -> list[str]:
    """The fields that the twin gives: a case with work behind it has no latency_pipe, say."""
    samples = launches_of(session, session.twin, twin=True)[0].result.samples
    return [name for name in FIELDS if name in samples]


def read_case(session: Session, case: SessionCase, field: str, twin: bool = False) -> Reading:
    """A case's samples of a field, what follows on the host left out."""
    launches = launches_of(session, case.name, twin)
    memory = launches[0].result.facts["memory"]
    found = reading(launches, field, "none", memory)
    assert found is not None
    return found


def twin_ratios(session: Session, field: str) -> list[float]:
    """The twin over its case, by round."""
    case = next(case for case in session.job.cases if case.name == session.twin)
    ratios = ratio_by_round(
        read_case(session, case, field, twin=True), read_case(session, case, field)
    )
    return list(ratios.values())


def twin_row(session: Session, field: str) -> list[str]:
    ratios = twin_ratios(session, field)
    floor = floor_of(ratio_of_rounds(ratios))
    worst = max(abs(ratio - 1) for ratio in ratios)
    rounds = ", ".join(f"{ratio:.4f}" for ratio in ratios)
    return [field, rounds, f"{100 * worst:.2f} %", f"{100 * floor:.2f} %"]


def pairs_row(sessions: list[Session], field: str) -> list[str]:
    """The A/A pairs of all rounds of the sessions whose twin gives the field."""
    giving = [session for session in sessions if field in fields_of(session)]
    ratios = np.concatenate([twin_ratios(session, field) for session in giving])
    away = np.abs(ratios - 1)
    shares = (np.median(away), np.std(ratios, ddof=1), away.max())
    return [field, str(len(ratios)), *(f"{100 * share:.2f} %" for share in shares)]


def case_rows(session: Session, cases: list[SessionCase], field: str) -> list[list[str]]:
    rows = []
    for case in cases:
        found = read_case(session, case, field)
        medians = [np.median(one.read(found.basis)) for one in found.rounds.values()]
        estimate = median_of_launches(medians)
        kept = "" if found.kept_share is None else f"{100 * found.kept_share:.0f} %"
        rows.append(
            [
                case.name,
                f"{estimate.value:.4f}",
                f"{100 * apart(estimate):.2f} %",
                found.basis,
                kept,
                _over_sum(session, case),
            ]
        )
    return rows


def over_rows(
    session: Session, cases: list[SessionCase], field: str, players: list[str]
) -> list[list[str]]:
    by_name = {case.name: case for case in cases}
    rows = []
    for name, case in by_name.items():
        player, _, rest = name.partition(".")
        other = by_name.get(f"{players[1]}.{rest}")
        if player != players[0] or other is None:
            continue
        ratios = ratio_by_round(read_case(session, case, field), read_case(session, other, field))
        ratio = ratio_of_rounds(list(ratios.values()))
        rows.append([rest, f"{ratio.value:.3f}", f"{ratio.low:.3f} to {ratio.high:.3f}"])
    return rows


def _over_sum(session: Session, case: SessionCase) -> str:
    """What `latency_sync` has over `latency_sum`, the median of all samples in microseconds."""
    found = [
        np.subtract(launch.result.samples["latency_sync"], launch.result.samples["latency_sum"])
        for launch in launches_of(session, case.name)
        if "latency_sum" in launch.result.samples
    ]
    return f"{1e3 * np.median(np.concatenate(found)):.1f}" if found else ""


def print_session(session: Session, over: list[str] | None) -> None:
    cases = [one for one in session.job.cases if session.cases[one.name].outcome in MEASURED]
    fields = fields_of(session)
    print(f"\n{session.job.block}, timed twice: {session.twin}\n")
    header = ["Field", "Twin over case, by round", "Farthest from 1", "Noise floor"]
    print(markdown(header, [twin_row(session, field) for field in fields]))
    field = "latency_sum" if "latency_sum" in fields else "latency_sync"
    header = [
        "Case",
        f"{field} (ms)",
        "Launches apart",
        "Read on",
        "Undisturbed",
        "sync - sum (us)",
    ]
    print(f"\n{markdown(header, case_rows(session, cases, field))}")
    if over:
        header = ["Case", f"{over[0]} over {over[1]}", "Interval"]
        print(f"\n{markdown(header, over_rows(session, cases, field, over))}")


def print_pairs(sessions: list[Session]) -> None:
    fields = [name for name in FIELDS if any(name in fields_of(one) for one in sessions)]
    header = [
        "Field",
        "Rounds",
        "Median of abs(ratio - 1)",
        "Standard deviation",
        "Farthest from 1",
    ]
    table = markdown(header, [pairs_row(sessions, field) for field in fields])
    print(f"\nA/A pairs of all sessions\n\n{table}")


def with_twins(sessions: Iterable[Session]) -> list[Session]:
    """The sessions with an A/A pair; a line says which have none: of their cases none ran."""
    found = []
    for session in sessions:
        if session.twin is None:
            print(f"{session.job.block}: no case was timed twice")
        else:
            found.append(session)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sessions", metavar="SESSION.json", type=Path, nargs="+")
    parser.add_argument("--over", nargs=2, metavar=("A", "B"), help="two players")
    given = parser.parse_args()
    sessions = with_twins(Session.model_validate(read_json(path)) for path in given.sessions)
    for session in sessions:
        print_session(session, given.over)
    if len(sessions) > 1:
        print_pairs(sessions)


if __name__ == "__main__":
    main()
