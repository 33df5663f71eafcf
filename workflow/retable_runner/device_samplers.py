"""What is sampled of an inference on a GPU: which copies and which work between which marks.

The parts, their sum and the time in a queue of two are defined as trtexec does (TensorRT 8.2,
samples/common/sampleInference.cpp). A sampler is what `measure` says it is; one with a pass of its
own has `close()` too, which waits for what it has under way.
"""

import time


class DeviceSampler(object):
    """One inference at a time: three parts on one stream, four events around them.

    `h2d`, `gpu_compute` and `d2h` are differences of events, `latency_sum` their sum;
    `latency_sync` is the host's clock around all; with a `post`, `host_post` is around
    `post(host outputs)`, afterwards.
    """

    FIELDS = ("latency_sync", "latency_sum", "gpu_compute", "h2d", "d2h")

    def __init__(self, gpu, exchange, post=None, clock=time.perf_counter):
        stream = gpu.stream
        started, sent, computed, received = marks = [gpu.event() for _ in range(4)]

        def bare():
            start = clock()
            started.record(stream)
            exchange.send(stream)
            sent.record(stream)
            exchange.compute()
            computed.record(stream)
            exchange.receive(stream)
            received.record(stream)
            stream.synchronize()
            latency = clock() - start
            h2d, compute, d2h = (
                marks[index].time_till(marks[index + 1]) / 1e3 for index in range(3)
            )
            return (latency, h2d + compute + d2h, compute, h2d, d2h)

        def followed():
            row = bare()
            start = clock()
            post(exchange.host_outputs)
            return row + (clock() - start,)

        self.fields = self.FIELDS if post is None else self.FIELDS + ("host_post",)
        self.counters = ()
        self.sample = bare if post is None else followed


class FollowedSampler(object):
    """One inference and its post at a time, both on the GPU: four parts on one stream.

    The fields are those of `DeviceSampler`, with `post` between `gpu_compute` and `d2h`: what the
    post makes is copied to the host, and what the engine makes is not. `latency_sync` is the whole.
    """

    fields = ("latency_sync", "latency_sum", "gpu_compute", "post", "h2d", "d2h")
    counters = ()

    def __init__(self, gpu, exchange, follower, clock=time.perf_counter):
        stream = gpu.stream
        started, sent, computed, followed, received = marks = [gpu.event() for _ in range(5)]

        def sample():
            start = clock()
            started.record(stream)
            exchange.send(stream)
            sent.record(stream)
            exchange.compute()
            computed.record(stream)
            follower.compute()
            followed.record(stream)
            follower.receive(stream)
            received.record(stream)
            stream.synchronize()
            latency = clock() - start
            h2d, compute, post, d2h = (
                marks[index].time_till(marks[index + 1]) / 1e3 for index in range(4)
            )
            return (latency, h2d + compute + post + d2h, compute, post, h2d, d2h)

        self.sample = sample


class RunSampler(object):
    """One inference at a time, its inputs on the GPU already, on the host's clock.

    `latency_run` lasts until the GPU is done, `latency_run_d2h` until the outputs are on the host:
    a framework's run call, and that with the copies of what it gives.
    """

    fields = ("latency_run_d2h", "latency_run")
    counters = ()

    def __init__(self, gpu, exchange, clock=time.perf_counter):
        stream = gpu.stream
        exchange.send(stream)
        stream.synchronize()

        def sample():
            start = clock()
            exchange.compute()
            stream.synchronize()
            ran = clock()
            exchange.receive(stream)
            stream.synchronize()
            return (clock() - start, ran - start)

        self.sample = sample

    def close(self):
        """Do nothing: nothing is under way between two samples."""


class PipeSampler(object):
    """Two inferences under way, the end-to-end time of each: `latency_pipe`.

    As trtexec 8.2 does by default: copies in, compute and copies out each have a stream, and wait
    for each other by events; the time runs from the start of the copy in to the end of the copy
    out, waiting for the inference before included. Each of the two has its own buffers.
    """

    fields = ("latency_pipe",)
    counters = ()

    def __init__(self, gpu, exchanges):
        self._compute_stream = gpu.stream
        self._in_stream = gpu.new_stream()
        self._out_stream = gpu.new_stream()
        self._exchanges = exchanges
        self._marks = [[gpu.event() for _ in range(4)] for _ in exchanges]
        self._next = 0
        self._has_begun = False

    def sample(self):
        """Start one inference, wait for the one before it, and return that one's time."""
        if not self._has_begun:
            self._submit()
            self._has_begun = True
        started, _, _, received = self._marks[1 - self._next]
        self._submit()
        received.synchronize()
        return (started.time_till(received) / 1e3,)

    def close(self):
        """Wait for the inference that the last sample has started."""
        if self._has_begun:
            _, _, _, received = self._marks[1 - self._next]
            received.synchronize()

    def _submit(self):
        exchange = self._exchanges[self._next]
        started, sent, computed, received = self._marks[self._next]
        started.record(self._in_stream)
        exchange.send(self._in_stream)
        sent.record(self._in_stream)
        self._compute_stream.wait_for_event(sent)
        exchange.compute()
        computed.record(self._compute_stream)
        self._out_stream.wait_for_event(computed)
        exchange.receive(self._out_stream)
        received.record(self._out_stream)
        self._next = 1 - self._next
