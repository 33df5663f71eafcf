import pytest

from retable.comparing.fields import field_samples, field_used
from retable.contract import Result


def result(**samples):
    return Result(outcome="ok", samples=samples)


SYNC = result(latency_sync=[1.0, 2.0])
WHOLE_CALL = ["latency_sum", "latency_run", "latency_run_d2h", "latency_call"]


@pytest.mark.parametrize("field", WHOLE_CALL)
def test_without_transfers_one_call_is_all(field):
    assert field_used(field, SYNC, "host") == "latency_sync"
    assert list(field_samples(field, "none", SYNC, "host")) == [1.0, 2.0]


@pytest.mark.parametrize("field", WHOLE_CALL)
def test_with_transfers_no_field_stands_for_another(field):
    assert field_used(field, SYNC, "device") is None
    assert field_samples(field, "none", SYNC, "device") is None


@pytest.mark.parametrize("field", ["gpu_compute", "latency_pipe"])
def test_what_needs_a_gpu_or_a_queue_is_never_the_plain_call(field):
    assert field_samples(field, "none", SYNC, "host") is None


@pytest.mark.parametrize("memory", ["host", "device"])
def test_the_field_itself_is_taken_where_it_is_there(memory):
    both = result(latency_sync=[9.0], latency_sum=[1.0])
    assert field_used("latency_sum", both, memory) == "latency_sum"
    assert list(field_samples("latency_sum", "none", both, memory)) == [1.0]


def test_without_any_samples_there_is_nothing():
    assert field_samples("latency_sum", "none", result(), "host") is None


def test_post_processing_is_added_iteration_by_iteration():
    both = result(latency_sync=[1.0, 2.0], host_post=[0.5, 0.25])
    assert list(field_samples("latency_sync", "numpy_argmax", both, "host")) == [1.5, 2.25]
    assert list(field_samples("latency_sum", "numpy_argmax", both, "host")) == [1.5, 2.25]
    assert list(field_samples("latency_sync", "none", both, "host")) == [1.0, 2.0]


def test_a_post_on_the_gpu_is_in_the_whole_and_added_to_the_parts():
    parts = {"gpu_compute": [1.0, 2.0], "post": [0.5, 0.25]}
    both = result(latency_sync=[2.0, 3.0], latency_sum=[1.75, 2.5], **parts)
    for field, wanted in (
        ("latency_sync", [2.0, 3.0]),
        ("latency_sum", [1.75, 2.5]),
        ("gpu_compute", [1.5, 2.25]),
    ):
        assert list(field_samples(field, "torch_max", both, "device")) == wanted
