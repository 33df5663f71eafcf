"""The schemas on disk are those that the code stands for."""

from pathlib import Path

from retable.steps.schemas import schema_texts

FOLDER = Path(__file__).parents[2] / "workflow" / "schemas"


def test_the_files_are_what_the_code_generates():
    expected = schema_texts()
    found = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert found == expected, "run: python -m retable schemas"


def test_every_job_and_result_names_its_schema_and_version():
    for name, text in schema_texts().items():
        if name.endswith("-job.json") or name in ("result.json", "record.json", "session.json"):
            assert f'"const": "retable/{name[:-5]}/1"' in text
