"""How much of the time in which a session has the device is spent on timing?

    PYTHONPATH=workflow .venv/bin/python -m benchmarks.pipeline SESSION.json ...

Of each file that the step `time` has left (results/*/timings/*/*.json, or .xz), the seconds in
which the device was locked, and what they went to. A round's launches start and load several at a
time, with it the first inference where that chooses nothing by time, make their first inference
and warm up one after the other, measure by turns, make passes by themselves (latency_run,
latency_pipe) one after the other, which are `timed` too, and end together. `between` lies from the
end of a turn to where the next one counts: telling the session, looking whether there is enough,
settling. `processes` is what else there is in a round: their starting, loading and ending; how long
the library takes to load one engine stands behind, the median. `rest` is outside of rounds:
starting the telemetry, and leaving it.
"""

import argparse
import datetime
import json
import lzma
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.tables import markdown
from retable.sessions import Launch, Session

# What a session's seconds go to.
PARTS = ("processes", "first", "warm-up", "timed", "between", "rest")


def parts(session: Session) -> dict[str, float]:
    """Return how many of a session's seconds each of PARTS took."""
    groups = defaultdict(list)
    resident = session.job.resident or len(session.launches)
    for launch in session.launches:
        groups[launch.entry.round, launch.entry.position // resident].append(launch)
    found = dict.fromkeys(PARTS, 0.0)
    for group in groups.values():
        for part, seconds in parts_of_group(group).items():
            found[part] += seconds
    found["rest"] = session.seconds - sum(found.values())
    return found


def parts_of_group(launches: Sequence[Launch]) -> dict[str, float]:
    """Return the seconds of launches that were loaded at the same time, but for the rest.

    Processes begin and end several at a time: what is nothing else is theirs.
    """
    ends = [_started_s(launch) + launch.seconds for launch in launches]
    whole = max(ends) - min(map(_started_s, launches))
    turns = sorted(turn for launch in launches for turn in turns_of(launch))
    turning = turns[-1][0] + turns[-1][1] - turns[0][0] if turns else 0.0
    in_turns = sum(length for _, length in turns)
    found = {
        "first": sum(map(_first_call_s, launches)),
        "warm-up": sum(_fact_ms(launch, "warmup", "ms") for launch in launches) / 1e3,
        "timed": in_turns + sum(map(_passes_s, launches)),
        "between": turning - in_turns,
    }
    found["processes"] = whole - sum(found.values())
    return found


def turns_of(launch: Launch) -> list[tuple[float, float]]:
    """Return when each turn began to count, and how long it did: seconds.

    The launch records their sum; each has the share that its samples have in all of them.
    """
    facts = launch.result.facts
    if "turns" not in facts:
        return []
    field = facts.get("fields", ["latency_sync"])[0]
    samples, first, found = launch.result.samples[field], 0, []
    for turn in facts["turns"]:
        share = sum(samples[first : first + turn["samples"]]) / sum(samples)
        found.append((turn["started_s"], share * facts["duration_ms"] / 1e3))
        first += turn["samples"]
    return found


def _first_call_s(launch: Launch) -> float:
    """Return the seconds of the first inference; none where it belongs to loading."""
    in_loading = launch.result.facts.get("first_call_in_loading", False)
    return 0.0 if in_loading else _fact_ms(launch, "first_call_ms") / 1e3


def _passes_s(launch: Launch) -> float:
    """Return the length of the passes behind the turns; in a pipe two inferences are under way."""
    samples, by_turns = launch.result.samples, launch.result.facts.get("fields", [])
    run = () if "latency_run_d2h" in by_turns else samples.get("latency_run_d2h", ())
    return (sum(run) + sum(samples.get("latency_pipe", ())) / 2) / 1e3


def _started_s(launch: Launch) -> float:
    return datetime.datetime.fromisoformat(launch.started).timestamp()


def _fact_ms(launch: Launch, *keys: str) -> float:
    value = launch.result.facts
    for key in keys:
        value = value.get(key, {})
    return value or 0.0


def table(sessions: Sequence[Session]) -> str:
    """Lay out the sessions: seconds, the share of each part, and what a launch's loading has.

    One that started nothing, because none of its cases could, is left out.
    """
    header = ("Block", "Device", "Launches", "Locked (s)", *PARTS, "One load (s)")
    return markdown(header, [_row(session) for session in sessions if session.launches])


def _row(session: Session) -> tuple[str, ...]:
    found = parts(session)
    return (
        session.job.block,
        session.job.device,
        str(len(session.launches)),
        f"{session.seconds:.1f}",
        *(f"{found[part] / session.seconds:.1%}" for part in PARTS),
        f"{median(_fact_ms(launch, 'load_ms') for launch in session.launches) / 1e3:.3f}",
    )


def efficiency(sessions: Sequence[Session]) -> float:
    """Return the share of timing in the seconds in which the device was locked."""
    timed = sum(parts(session)["timed"] for session in sessions)
    return timed / sum(session.seconds for session in sessions)


def read_session(path: Path) -> Session:
    """Read a session's file, compressed or not."""
    opened = lzma.open if path.suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8") as stream:
        return Session.model_validate(json.load(stream))


def main(arguments: list[str]) -> int:
    """Read the sessions and print their table."""
    parser = argparse.ArgumentParser(prog="benchmarks.pipeline")
    parser.add_argument("files", metavar="SESSION.json", type=Path, nargs="+")
    sessions = list(map(read_session, parser.parse_args(arguments).files))
    print(table(sessions))
    print(f"\nTimed, of all seconds in which the device was locked: {efficiency(sessions):.1%}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
