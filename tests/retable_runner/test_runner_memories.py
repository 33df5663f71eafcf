"""The kinds of memory: what uses an inference finds the same members in each."""

import inspect

import pytest

from retable_runner import calls, device, host

KINDS = (host, device, calls)
METHODS = ("answering", "sampler", "counted", "further")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.rpartition(".")[2])
def test_an_inference_can_be_timed_and_asked(kind):
    for name in METHODS:
        assert callable(getattr(kind.Inference, name))
        wanted = list(inspect.signature(getattr(host.Inference, name)).parameters)
        assert list(inspect.signature(getattr(kind.Inference, name)).parameters) == wanted


class Engine:
    """An engine of calls, which gives the sum of its input."""

    memory, outputs, fields = "host", ["sum"], ("latency_run_d2h", "latency_run")

    def __init__(self):
        self.facts = {"threads": 1}

    def send(self, feeds=None):
        self.feeds = feeds or self.feeds

    def call(self):
        self.made = [self.feeds["x"].sum(axis=1, keepdims=True)]

    def fetch(self):
        return self.made


class Double:
    """A post on the host."""

    WHERE = "host"

    @staticmethod
    def run(outputs):
        return outputs[0] * 2


def test_calls_answer_with_and_without_a_post():
    import numpy as np

    engine = Engine()
    engine.send({"x": np.ones((1, 4), np.float32)})
    inference = calls.Inference(engine, engine.feeds, {})
    ((name, found),) = inference.answering(None)()
    assert (name, found.tolist()) == ("sum", [[4.0]])
    ((name, found),) = inference.answering(Double)()
    assert (name, found.tolist()) == ("post0", [[8.0]])
    sampler = inference.sampler(Double)
    assert sampler.fields[-1] == "host_post" and len(sampler.sample()) == len(sampler.fields)
