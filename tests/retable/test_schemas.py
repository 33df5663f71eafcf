"""The schemas on disk are those that the code stands for."""

from pathlib import Path

from retable.steps.schemas import schema_texts
from retable_runner.__main__ import VERBS

FOLDER = Path(__file__).parents[2] / "workflow" / "schemas"


def test_the_files_are_what_the_code_generates():
    expected = schema_texts()
    found = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert found == expected, "run: python -m retable schemas"


def test_every_job_and_result_names_its_schema_and_version():
    later = {
        "launch-job.json": 2,
        "precision-job.json": 2,
        "fidelity-job.json": 2,
        "sample-job.json": 2,
        "session.json": 2,
        "comparison.json": 5,
    }
    texts = schema_texts()
    named = {name for name in texts if name.endswith("-job.json")}
    for name in named | {"result.json", "record.json", "session.json", "comparison.json"}:
        assert f'"const": "retable/{name[:-5]}/{later.get(name, 1)}"' in texts[name]


def test_the_runner_knows_the_jobs_that_the_host_writes_for_it():
    texts = "\n".join(text for name, text in schema_texts().items() if name.endswith("-job.json"))
    for schema in VERBS:
        assert f'"const": "{schema}"' in texts
