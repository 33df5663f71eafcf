# Loads and validates the configuration; the rules look things up in `dag`.
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "workflow")))

from retable.dag import Dag
from retable.errors import RetableError
from retable.records import is_damaged

if Path.cwd().resolve() != Path(workflow.basedir).resolve():
    sys.exit(
        f"retable: run snakemake in the folder of its Snakefile: cd {workflow.basedir}"
    )
try:
    dag = Dag(Path(os.path.relpath(workflow.basedir)), config)
    # An engine that was truncated or removed is built again: its record goes, and so is missing.
    for record in filter(is_damaged, map(Path, dag.engines.all())):
        record.unlink()
except RetableError as error:
    sys.exit(f"retable: {error}")

# The interpreter that runs Snakemake runs the steps.
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ["PATH"]]
)
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(
        None, [str(Path(workflow.basedir, "workflow")), os.environ.get("PYTHONPATH")]
    )
)
# Every rule is one command: `exec` makes it the direct child of Snakemake, and so it dies with it.
shell.prefix("exec ")


wildcard_constraints:
    device=f"{dag.run.device.device}|host",
    where="[a-z0-9._-]+",
    environment="[a-z0-9._-]+",
    model="[a-z0-9._-]+",
    input="[0-9]+x[0-9]+(b[0-9]+)?",
    tail="[a-z0-9_]+",
    precision="fp32|fp16|int8",
    work="[a-z0-9_]+",
    player="[a-z0-9_]+",
    suite="[a-z0-9-]+",
    block="[a-z0-9._-]+",
    case="[^/]+",
    set="[a-z0-9._-]+",
    split="train|val|calibration",
    placement="[A-Za-z0-9._=-]+",


# Before the first job of a real run: a dry run plans for any device.
onstart:
    try:
        dag.run.check(workflow.dag_settings.targets)
    except RetableError as error:
        sys.exit(f"retable: {error}")
    # With a limit of jobs per second the scheduler wakes once a second more after each job that
    # has ended: after 300 of them half of a core is gone, which belongs to what is timed.
    workflow.scheduler.job_rate_limiter = None


onsuccess:
    if Path(f"results/{dag.run.device.device}/report.md").is_file():
        print(f"retable: read results/{dag.run.device.device}/report.md")
