"""The TensorRT code against the library's types: the published ones, and a real module's."""

import shutil

import pytest
import type_stubs


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The published stubs, in a folder that keeps mypy's cache of them."""
    folder = tmp_path_factory.mktemp("stubs")
    if type_stubs.published(folder) is None:
        pytest.skip("tensorrt-stubs is not installed: make .venv/development")
    return folder


def test_it_checks_against_the_published_stubs(published):
    done = type_stubs.check(published)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.real
def test_it_checks_against_tensorrt_rtx_as_it_is(tmp_path, rtx_python):
    type_stubs.generated(tmp_path, rtx_python, "tensorrt_rtx")
    done = type_stubs.check(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("build.py", "parser.num_errors", "parser.num_error"),
        ("build.py", "network.get_layer(index)", "network.get_layer(str(index))"),
        ("build.py", "layer.get_input(0)", "layer.get_inputs(0)"),
        ("build.py", "trt.BuilderFlag.TF32", "trt.BuilderFlag.TF64"),
        ("engine.py", "context.execute_async_v3", "context.execute_async_v2"),
        ("engine.py", "loaded.get_tensor_name(index)", "loaded.get_tensor_name(index, 0)"),
    ],
)
def test_the_check_sees_what_the_library_lacks(published, tmp_path, file, right, wrong):
    shutil.copytree(type_stubs.ROOT / "workflow", tmp_path / "workflow")
    path = tmp_path / type_stubs.CHECKED / file
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    done = type_stubs.check(published, tmp_path)
    assert done.returncode == 1
    assert f"retable_runner/trt/{file}" in done.stdout


def test_a_signature_that_is_no_python_takes_anything():
    text = "class A:\n    def f(self, in: int) -> int:\n        ...\n    def g(self) -> bool: ...\n"
    assert type_stubs.repaired(text + "bool: int\n") == (
        "class A:\n    def f(*args, **kwargs):\n        ...\n    def g(self) -> bool: ...\n\n"
    )
