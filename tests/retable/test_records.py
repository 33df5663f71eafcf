import pytest

from retable.contract import Result
from retable.errors import RetableError
from retable.files import read_json, write_json
from retable.records import Record, leave_record, read_record


def leave(path, result, step="build", **upstream):
    return leave_record(path, step, {"model": "tiny"}, upstream, lambda: result)


def test_a_record_is_what_was_produced_and_is_read_back(tmp_path):
    path = tmp_path / "deep" / "x.json"
    made = leave(path, Result(outcome="ok", facts={"layers": 3}, versions={"numpy": "2"}))
    assert read_record(path) == made
    assert (made.step, made.subject, made.outcome) == ("build", {"model": "tiny"}, "ok")
    assert read_json(path)["schema"] == "retable/record/1"


def test_an_outcome_is_a_record_too(tmp_path):
    made = leave(tmp_path / "x.json", Result(outcome="build_failed", reason="no such layer"))
    assert (made.outcome, made.reason) == ("build_failed", "no such layer")


def test_what_failed_upstream_is_passed_on_with_its_step_and_nothing_is_run(tmp_path):
    failed = leave(tmp_path / "a.json", Result(outcome="timeout", reason="no end"), "export")
    ok = leave(tmp_path / "b.json", Result(outcome="ok"), "native")
    made = leave_record(
        tmp_path / "c.json", "tail", {}, {"b": ok, "a": failed}, lambda: pytest.fail("it ran")
    )
    assert (made.step, made.outcome, made.reason) == ("tail", "timeout", "export: no end")
    last = leave_record(tmp_path / "d.json", "build", {}, {"source": made}, pytest.fail)
    assert last.reason == "tail: export: no end"


def test_an_error_leaves_no_record(tmp_path):
    def produce():
        raise RetableError("the disk is full")

    with pytest.raises(RetableError, match="disk"):
        leave_record(tmp_path / "x.json", "build", {}, {}, produce)
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"outcome": "fine"}, "outcome: "),
        ({"colour": "red"}, "colour: "),
        ({"schema": "retable/record/0"}, "schema: "),
        ({"artifacts": {"onnx": {"path": "x", "sha256": "no", "bytes": 1}}}, "artifacts.onnx.sha"),
    ],
)
def test_a_record_of_another_version_is_one_sentence(tmp_path, change, where):
    path = tmp_path / "x.json"
    leave(path, Result(outcome="ok"))
    write_json(path, {**read_json(path), **change})
    with pytest.raises(RetableError) as caught:
        read_record(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not a record of this version ({where}")
    assert message.endswith("delete it and run again")
    assert "\n" not in message


def test_a_record_without_a_key_is_not_filled_up(tmp_path):
    path = tmp_path / "x.json"
    whole = leave(path, Result(outcome="ok")).model_dump(by_alias=True)
    assert set(whole) == {field.alias or name for name, field in Record.model_fields.items()}
    write_json(path, {key: value for key, value in whole.items() if key != "seconds"})
    with pytest.raises(RetableError, match="seconds: Field required"):
        read_record(path)


@pytest.mark.parametrize(
    ("text", "said"), [(None, "no such file"), ("{", "not JSON"), ("[]", "not a record")]
)
def test_what_is_no_record_is_one_sentence(tmp_path, text, said):
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RetableError, match=said) as caught:
        read_record(path)
    assert str(caught.value).startswith(f"{path}: ")
