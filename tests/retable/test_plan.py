"""Requests become cases: their names, their paths, and why they cannot run."""

import dataclasses
from pathlib import Path

import pytest
from small_suite import CONFIGURATION, Small, model

from retable.availability import PlugIns
from retable.cases import Case, Ending, Request, input_shape
from retable.config.device import Device
from retable.plan import cases_of

REQUEST = Request("tiny", "8x16", 1, "none", "none", "engine", "fp32", ())
BACKEND = {
    "roles": ["engine"],
    "environment": "env",
    "precisions": ["fp32", "fp16"],
    "precision_flags": ["fp16"],
    "unsupported": {"int8": "it has no INT8 arithmetic"},
}


def case(backend: str = "tensorrt", **changes: object) -> Case:
    return Case(dataclasses.replace(REQUEST, **changes), backend, backend, "env", "fp32")


def device(**backend: object) -> Device:
    return Device.model_validate(
        {
            "device": "d",
            "title": "Device D",
            "architecture": "any",
            "runtime": "venv",
            "memory": "host",
            "backends": {"tensorrt": {**BACKEND, **backend}},
        }
    )


@pytest.mark.parametrize(
    ("changes", "name", "graph", "engine"),
    [
        ({}, "tensorrt.none.fp32", "tiny/8x16/none/fp32", "tiny/8x16/none/fp32/tensorrt"),
        (
            {"tail": "argmax", "precision": "fp16"},
            "tensorrt.argmax.fp16",
            "tiny/8x16/argmax/fp32",
            "tiny/8x16/argmax/fp16/tensorrt",
        ),
        (
            {"post": "numpy_argmax"},
            "tensorrt.none+numpy_argmax.fp32",
            "tiny/8x16/none/fp32",
            "tiny/8x16/none/fp32/tensorrt",
        ),
        (
            {"role": "native-cpu", "batch": 8, "options": (("threads", 1), ("xla", "gpu"))},
            "tensorrt.native_cpu.fp32.batch=8.threads=1.xla=gpu",
            "tiny/native",
            "tiny/8x16b8/native_cpu/fp32/tensorrt",
        ),
    ],
)
def test_a_case_names_itself_its_graph_and_its_engine(
    changes: dict[str, object], name: str, graph: str, engine: str
) -> None:
    made = case(**changes)
    assert (made.name, made.graph, made.engine) == (name, graph, engine)


def test_an_input_key_is_read_back() -> None:
    shape = input_shape(dataclasses.replace(REQUEST, batch=8).input_key)
    assert (shape.height, shape.width, shape.batch) == (8, 16, 8)
    shape = input_shape(REQUEST.input_key)
    assert (shape.height, shape.width, shape.batch) == (8, 16, 1)


def test_a_role_without_a_backend_is_unsupported_and_named_by_its_role() -> None:
    wanted = dataclasses.replace(REQUEST, role="mobile")
    (made,) = cases_of(wanted, device(), model(), lambda case, model: None)
    assert made.name == "mobile.none.fp32"
    assert made.ending == Ending("unsupported", "Device D has no backend for the role 'mobile'")


def test_a_framework_that_the_device_lacks_is_unsupported() -> None:
    wanted = dataclasses.replace(REQUEST, role="native")
    cpu = CONFIGURATION.devices["cpu"]
    (made,) = cases_of(wanted, cpu, model("torch"), lambda case, model: None)
    assert made.ending is not None and made.ending.outcome == "unsupported"
    assert "has no backend for the role 'native' for torch models" in made.ending.reason
    (made,) = cases_of(wanted, cpu, model("paddle"), lambda case, model: None)
    assert (made.player, made.ending) == ("paddle", None)


@pytest.mark.parametrize(
    ("precision", "backend", "reason"),
    [
        ("int8", {}, "it has no INT8 arithmetic"),
        ("int8", {"unsupported": {}}, "tensorrt does not run int8 on Device D"),
    ],
)
def test_a_precision_that_the_backend_lacks_has_its_reason(
    precision: str, backend: dict[str, object], reason: str
) -> None:
    wanted = dataclasses.replace(REQUEST, precision=precision)
    (made,) = cases_of(wanted, device(**backend), model(), lambda case, model: None)
    assert made.ending == Ending("unsupported", reason)


def test_what_is_unsupported_is_not_asked_for_its_files() -> None:
    asked = []
    wanted = dataclasses.replace(REQUEST, precision="int8")
    cases_of(wanted, device(), model(), lambda case, model: asked.append(case))
    assert asked == []


@pytest.mark.parametrize(("flags", "graph"), [(["fp16"], "fp32"), ([], "fp16")])
def test_a_precision_set_by_a_flag_is_built_from_the_fp32_graph(
    flags: list[str], graph: str
) -> None:
    wanted = dataclasses.replace(REQUEST, precision="fp16")
    players = device(precision_flags=flags)
    (made,) = cases_of(wanted, players, model(), lambda case, model: None)
    assert made.graph == f"tiny/8x16/none/{graph}"
    assert made.engine == "tiny/8x16/none/fp16/tensorrt"


def test_every_backend_of_a_role_answers_in_the_order_of_the_device_file() -> None:
    small = Small({"A": {}}, device="cpu")
    answers = small.plan.answers[small.cell("A")]
    assert [case.player for case in answers] == list(CONFIGURATION.devices["cpu"].backends)[:2]
    assert [case.name for case in small.plan.blocks["tiny_8x8"].cases] == [
        case.name for case in answers
    ]


@pytest.mark.parametrize(
    ("device", "framework", "beside"),
    [
        ("cpu", "tensorflow", ["openvino", "onnxruntime"]),
        ("cpu", "torch", []),  # nobody runs torch itself there: nothing to stand beside
        ("null", "tensorflow", []),  # one player has both roles, and one column
        ("v100", "tensorflow", []),
    ],
)
def test_engines_stand_beside_a_framework_that_is_there(
    device: str, framework: str, beside: list[str]
) -> None:
    asked = {"A": {"role": "native"}}
    plan = Small(asked, device=device, framework=framework, beside=["engine"]).plan
    (cell,) = plan.cells
    assert [case.label for case in plan.beside[cell]] == beside
    own = [case for case in plan.answers[cell] if case.ending is None]
    assert len(plan.runnable_cases) == len(own) + len(beside)


def test_what_cannot_run_stands_in_its_block_and_is_not_timed() -> None:
    small = Small({"A": {}, "B": {"precision": "fp16"}})
    (block,) = small.plan.runnable
    assert [case.name for case in block.cases] == ["null.none.fp32", "null.none.fp16"]
    assert [case.name for case in block.runnable] == ["null.none.fp32"]
    assert not Small({"B": {"precision": "fp16"}}).plan.runnable


def test_one_library_may_play_two_roles_under_two_names() -> None:
    """As Paddle does on a server: on the GPU, and on the CPU, where nothing is transferred."""
    players = Device.model_validate(
        {
            **device().model_dump(),
            "memory": "device",
            "backends": {
                "paddle": {**BACKEND, "roles": ["native"]},
                "paddle_cpu": {
                    **BACKEND,
                    "roles": ["native-cpu"],
                    "backend": "paddle",
                    "memory": "host",
                },
            },
        }
    )
    wanted = dataclasses.replace(REQUEST, role="native-cpu")
    (made,) = cases_of(wanted, players, model("paddle"), lambda case, model: None)
    assert (made.player, made.backend, made.ending) == ("paddle_cpu", "paddle", None)
    assert made.name == "paddle_cpu.native_cpu.fp32"
    assert [players.memory_of(name) for name in players.backends] == ["device", "host"]
    (made,) = cases_of(wanted, players, model("torch"), lambda case, model: None)
    assert made.ending is not None and made.ending.outcome == "unsupported"


# Availability

CHAIN = [
    "workflow/retable_export/exporters/null.py",
    "workflow/retable_export/tails/argmax.py",
    "workflow/retable_runner/posts/numpy_argmax.py",
    "workflow/retable_runner/backends/tensorrt.py",
    "containers/host/requirements.lock",
    "containers/env/requirements.lock",
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that has all that the case needs."""
    for name in CHAIN:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    return tmp_path


def whole(**changes: object) -> Case:
    return case(**{"tail": "argmax", "post": "numpy_argmax", **changes})


def test_a_whole_chain_is_available(checkout: Path) -> None:
    assert PlugIns(checkout).ending(whole(), model()) is None
    assert PlugIns(checkout).ending(case(), model()) is None


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (CHAIN[0], "exporter 'null' is not part of"),
        (CHAIN[1], "tail 'argmax' is not part of"),
        (CHAIN[2], "post 'numpy_argmax' is not part of"),
        (CHAIN[3], "backend 'tensorrt' is not part of"),
        (CHAIN[4], "environment 'host' is not part of"),
        (CHAIN[5], "environment 'env' is not part of"),
    ],
)
def test_what_is_missing_is_named_with_its_file(checkout: Path, missing: str, words: str) -> None:
    (checkout / missing).unlink()
    if missing.startswith("containers"):
        (checkout / missing).parent.rmdir()
    ending = PlugIns(checkout).ending(whole(), model())
    assert ending is not None and ending.outcome == "unavailable"
    assert words in ending.reason
    where = missing.removeprefix("workflow/").removesuffix("/requirements.lock")
    assert f"({where})" in ending.reason


def test_a_backend_is_looked_for_under_its_files_name(checkout: Path) -> None:
    renamed = dataclasses.replace(whole(), player="tensorrt_at_night")
    assert PlugIns(checkout).ending(renamed, model()) is None


def test_a_graph_in_another_precision_needs_the_step_that_makes_it(checkout: Path) -> None:
    half = dataclasses.replace(whole(precision="fp16"), graph_precision="fp16")
    ending = PlugIns(checkout).ending(half, model())
    assert ending is not None
    assert "precision 'fp16'" in ending.reason
    (checkout / "workflow/retable_export/precisions").mkdir()
    (checkout / "workflow/retable_export/precisions/fp16.py").touch()
    assert PlugIns(checkout).ending(half, model()) is None


def test_a_native_role_needs_no_graph_and_so_neither_tail_nor_precision(checkout: Path) -> None:
    (checkout / CHAIN[1]).unlink()
    native = dataclasses.replace(whole(role="native", precision="fp16"), graph_precision="fp16")
    assert PlugIns(checkout).ending(native, model()) is None
