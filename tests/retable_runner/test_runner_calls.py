"""Inferences by a library's own calls: what is timed of them, and in what order."""

import numpy as np
import pytest

from retable_runner import calls


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Engine:
    """Takes 1 s to send, 2 s to call and 4 s to fetch, and notes what was called."""

    fields = ("whole", "call")
    outputs = ("y",)

    def __init__(self, memory, clock):
        self.memory = memory
        self.facts = {}
        self.heard = []
        self._clock = clock

    def send(self, feeds=None):
        self._spend("send", 1)

    def call(self):
        self._spend("call", 2)

    def fetch(self):
        self._spend("fetch", 4)
        return [np.zeros(1)]

    def _spend(self, name, seconds):
        self.heard.append(name)
        self._clock.now += seconds


@pytest.mark.parametrize(
    ("memory", "fields", "row", "heard"),
    [
        (calls.HOST, ("whole", "call"), (6, 2), ["call", "fetch"]),
        (calls.DEVICE, ("latency_sync", "whole", "call"), (7, 6, 2), ["send", "call", "fetch"]),
    ],
)
def test_a_sample_is_of_the_parts_that_its_fields_name(memory, fields, row, heard):
    clock = Clock()
    engine = Engine(memory, clock)
    sampler = calls.CallSampler(engine, clock=clock)
    assert (sampler.fields, sampler.sample(), engine.heard) == (fields, row, heard)


def test_what_follows_has_the_outputs_and_a_field_of_its_own():
    clock = Clock()
    seen = []

    def post(outputs):
        seen.append(outputs)
        clock.now += 8

    sampler = calls.CallSampler(Engine(calls.HOST, clock), post, clock)
    assert sampler.fields == ("whole", "call", "host_post")
    assert sampler.sample() == (6, 2, 8)
    assert [array.shape for array in seen[0]] == [(1,)]


def test_the_cpu_is_watched_only_where_it_computes():
    for memory, counts in ((calls.HOST, True), (calls.DEVICE, False)):
        inference = calls.Inference(Engine(memory, Clock()), {}, {})
        assert bool(inference.counted(inference.sampler(None)).counters) == counts
        assert inference.memory == memory
