"""Does a container, or ssh in between, change what is measured?

    PYTHONPATH=workflow .venv/bin/python -m benchmarks.ways ENGINE.json SAMPLE.json \
      --docker-host unix:///var/run/docker.sock --docker-host ssh://user@host

ENGINE.json and SAMPLE.json are records that a run left. The same engine is launched in the virtual
environment, once more in it, and in a container of each daemon; in each round all are loaded and
take turns, as the cases of a session do. Printed are latencies by turns over those of the virtual
environment; the second launch there tells the noise. Run from the checkout's root.
"""

import argparse
import os
import random
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from benchmarks.pairs import FIELD, TIMEOUT_S, TURN, Engine, case_reading, made_by_a_run
from benchmarks.tables import markdown
from retable.comparing.readings import Reading, ratio_by_round
from retable.comparing.statistics import STATISTICS
from retable.config.device import ContainerSettings
from retable.jobs.launch import Measure
from retable.local import LocalPlace
from retable.places import Workspace
from retable.rounds import conduct
from retable.runtimes import docker
from retable.sessions import Entry, Launch
from retable_statistics.launches import Estimate, median_of_launches, ratio_of_rounds

SEED = 20211
PLAIN, AGAIN = "virtual environment", "the same once more"
LOG = Path("results/logs/benchmarks/ways.log")


def launches(engines: dict[str, Engine], rounds: int, measure_ms: float) -> dict[str, list[Launch]]:
    """Launch all engines in each round, by turns; their launches by name."""
    chance = random.Random(SEED)
    measure = Measure(min_ms=measure_ms, min_samples=1, max_ms=10 * measure_ms, target=None)
    found = defaultdict(list)
    for round_ in range(rounds):
        entries = [
            Entry(case=name, round=round_, position=position, twin=False)
            for position, name in enumerate(chance.sample(list(engines), len(engines)))
        ]
        for launch in conduct(
            entries,
            lambda entry: engines[entry.case].start(TURN, measure),
            resident=None,
            reply_timeout_s=TIMEOUT_S,
            chance=chance,
            told=lambda _: None,
        ):
            found[launch.entry.case].append(launch)
    return found


def row(name: str, found: Reading, plain: Reading) -> list[str]:
    medians = list(found.per_round(STATISTICS["median"]).values())
    value = median_of_launches(medians)
    ratio = ratio_of_rounds(list(ratio_by_round(found, plain).values()))
    return [name, f"{value.value:.3f}", _interval(ratio), found.basis]


def _interval(ratio: Estimate) -> str:
    return f"{ratio.value:.4f} [{ratio.low:.4f}, {ratio.high:.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", type=Path)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--backend", default="onnxruntime")
    parser.add_argument("--environment", default="cpu", help="a folder in containers/")
    parser.add_argument("--docker-host", action="append", required=True)
    parser.add_argument("--base-image")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--measure-ms", type=float, default=1000.0)
    given = parser.parse_args()
    made_before = made_by_a_run(given.engine, given.sample)
    python = Path("results/environments/venv", given.environment, "bin/python").absolute()
    with ExitStack() as stack:
        here = stack.enter_context(LocalPlace(python).opened("none", log=LOG))
        workspaces: dict[str, Workspace] = {PLAIN: here, AGAIN: here}
        for host in given.docker_host:
            settings = ContainerSettings(host=host, base=given.base_image)
            prepared = docker.prepare(given.environment, settings, LOG)
            place = docker.enter(prepared, settings)
            way = "ssh" if host.startswith("ssh://") else "socket"
            workspaces[f"container, {way}"] = stack.enter_context(place.opened("none", log=LOG))
        engines = {
            name: Engine(made_before, given.backend, workspace, given.threads)
            for name, workspace in workspaces.items()
        }
        made = launches(engines, given.rounds, given.measure_ms)
    readings = {name: case_reading(one) for name, one in made.items()}
    print(f"{given.engine}, {given.threads or 'all'} threads; load {os.getloadavg()[0]:.2f}\n")
    header = ["Where", f"{FIELD} (ms)", f"over that of the {PLAIN}", "Read on"]
    print(markdown(header, [row(name, readings[name], readings[PLAIN]) for name in engines]))


if __name__ == "__main__":
    main()
