"""What re-runs a step: its own code and what that imports, and nothing else."""

from pathlib import Path

import pytest

from retable.sources import sources

ROOT = Path(__file__).parents[2]
STEPS = sorted(
    f"retable.steps.{path.stem}"
    for path in (ROOT / "workflow" / "retable" / "steps").glob("[a-z]*.py")
)
MATHS = sorted(
    f"retable_statistics.{path.stem}"
    for path in (ROOT / "workflow" / "retable_statistics").glob("[a-z]*.py")
)
PLUG_INS = sorted(
    f"{package}.{folder}.{path.stem}"
    for package, folder in (
        ("retable_data", "sets"),
        ("retable_data", "geometries"),
        ("retable_data", "metrics"),
        ("retable_export", "exporters"),
        ("retable_export", "tails"),
        ("retable_runner", "backends"),
        ("retable_runner", "posts"),
    )
    for path in (ROOT / "workflow" / package / folder).glob("[a-z]*.py")
)


def modules(*names: str) -> set[str]:
    """The closure, as dotted names without their package's `workflow/`."""
    paths = [path.removeprefix("workflow/").removesuffix(".py") for path in sources(ROOT, *names)]
    return {path.removesuffix("/__init__").replace("/", ".") for path in paths}


@pytest.mark.parametrize("module", [*STEPS, *PLUG_INS, *MATHS])
def test_every_source_is_a_file_and_the_module_is_one_of_them(module: str) -> None:
    found = sources(ROOT, module)
    assert found == sorted(set(found))
    assert all((ROOT / path).is_file() for path in found)
    assert f"workflow/{module.replace('.', '/')}.py" in found


@pytest.mark.parametrize(
    ("module", "needs", "not_"),
    [
        ("steps.tail", {"records", "places", "processes"}, {"plan", "config.suite"}),
        (
            "steps.tail",
            {"contract"},
            {"pages.texts", "comparing.comparison", "comparing.statistics", "cases"},
        ),
        ("steps.export", {"cases", "records"}, {"plan", "config.suite", "pages.texts"}),
        ("steps.build", {"contract", "files"}, {"plan", "config.suite", "config.model"}),
        ("steps.time", {"sessions", "processes", "config.budget"}, {"plan", "pages.texts"}),
        ("runtimes.venv", {"local", "locks"}, {"rounds", "plan"}),
        (
            "steps.time",
            {"outcomes"},
            {"comparing.comparison", "comparing.statistics", "config.suite", "comparing.answers"},
        ),
        (
            "steps.time",
            {"rounds", "places", "jobs.watch"},
            {"comparing.readings", "comparing.cautions", "comparing.disturbances"},
        ),
        (
            "steps.compare",
            {"comparing.statistics", "comparing.claims", "plan"},
            {"pages.texts", "pages.plots", "processes"},
        ),
        (
            "steps.compare",
            {"comparing.readings", "comparing.cautions", "comparing.disturbances"},
            {"rounds", "places"},
        ),
        (
            "steps.report",
            {"pages.texts", "pages.plots", "comparing.comparison"},
            {"processes", "comparing.statistics", "comparing.claims"},
        ),
        (
            "steps.index",
            {"pages.rendering", "comparing.comparison"},
            {"pages.texts", "pages.plots", "comparing.statistics"},
        ),
    ],
)
def test_a_step_is_rerun_by_what_it_uses(module: str, needs: set[str], not_: set[str]) -> None:
    found = modules(f"retable.{module}")
    assert {f"retable.{name}" for name in needs} <= found
    assert not {f"retable.{name}" for name in not_} & found


@pytest.mark.parametrize("module", STEPS)
def test_no_step_reaches_into_the_environments_packages(module: str) -> None:
    tops = {name.partition(".")[0] for name in modules(module)}
    assert tops <= {"retable", "retable_statistics"}


def test_the_maths_re_run_what_compares_and_no_other_step() -> None:
    using = {
        module
        for module in STEPS
        if any(name.startswith("retable_statistics") for name in modules(module))
    }
    assert using == {"retable.steps.compare"}


@pytest.mark.parametrize("module", MATHS)
def test_the_maths_know_nobody(module: str) -> None:
    assert {name.partition(".")[0] for name in modules(module)} == {"retable_statistics"}


def test_a_launch_is_rerun_by_the_maths_that_end_it_and_by_no_other() -> None:
    found = modules("retable_runner.launch")
    assert {"retable_statistics.stopping", "retable_statistics.contention"} <= found
    assert not {"retable_statistics.launches", "retable_statistics.bootstrap"} & found


def test_a_tail_is_not_rerun_by_another_tail() -> None:
    found = modules("retable_export.tails.fused_argmax")
    assert "retable_export.surgery" in found
    assert {name for name in found if ".tails." in name} == {"retable_export.tails.fused_argmax"}


def test_a_backend_is_not_rerun_by_another_backend() -> None:
    found = modules("retable_runner.backends.onnxruntime")
    assert {name for name in found if ".backends." in name} == {
        "retable_runner.backends.onnxruntime"
    }


def test_several_modules_give_all_that_each_of_them_gives() -> None:
    tail, backend = "retable_export.tails.argmax", "retable_runner.backends.null"
    assert modules(tail, backend) == modules(tail) | modules(backend)
