"""An inference whose inputs and outputs are transferred to a GPU and back.

Copies, compute and their times have this one implementation, whatever library computes.
Fields: MEASUREMENT.md, after trtexec (TensorRT 8.2, samples/common/sampleInference.cpp).
"""

import contextlib
import time
import traceback

import numpy as np

from retable_runner import cuda, posts, torch_posts
from retable_runner.errors import Unsupported

NAME = "device"


@contextlib.contextmanager
def opened(backend, files, options, feeds):
    """Load an engine on the GPU and give it `feeds` (name -> ndarray); yield the Inference."""
    with cuda.Gpu() as gpu:
        inference = None
        try:
            inference = Inference(gpu, backend.load(files, options, gpu), feeds)
            yield inference
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # what was under way holds the engine
            raise
        finally:
            if inference is not None:
                inference.close()


class Inference(object):
    """A loaded engine with its inputs: `outputs` are names, `facts` the engine's own."""

    memory = NAME

    def __init__(self, gpu, engine, feeds):
        self._gpu = gpu
        self._engine = engine
        self._inputs, self._outputs = engine.ports(feeds)
        self._feeds = feeds
        self._exchanges = []
        self._exchange = self._new_exchange()
        self.outputs = [port.name for port in self._outputs]
        self.facts = engine.facts
        self.facts["gpu"] = gpu.facts
        self.shares_first_call = getattr(engine, "shares_first_call", False)

    def run(self):
        """Transfer, compute, transfer back, once; return the output ndarrays, pinned memory."""
        stream = self._gpu.stream
        self._exchange.send(stream)
        self._exchange.compute()
        self._exchange.receive(stream)
        stream.synchronize()
        return self._exchange.host_outputs

    def refill(self, feeds):
        """Take other inputs, name -> ndarray of the same shapes."""
        self._exchange.fill(feeds)

    def answering(self, post):
        """Return a function that runs once, and what follows: () -> [(name, ndarray)]."""
        if not posts.in_torch(post):
            return posts.answering(self, post and post.run)
        follower = Follower(self._gpu, self._exchange, post, self._outputs, self._feeds)

        def followed():
            stream = self._gpu.stream
            self._exchange.send(stream)
            self._exchange.compute()
            follower.compute()
            follower.receive(stream)
            stream.synchronize()
            return posts.named(follower.host_outputs)

        return followed

    def sampler(self, post):
        """Return what is sampled: see `DeviceSampler`, and `FollowedSampler`."""
        if not posts.in_torch(post):
            return DeviceSampler(self._gpu, self._exchange, post and post.run)
        follower = Follower(self._gpu, self._exchange, post, self._outputs, self._feeds)
        self.facts["post"] = follower.facts
        return FollowedSampler(self._gpu, self._exchange, follower)

    def counted(self, sampler):
        """Return the sampler as it is: the host waits while the GPU works, and counts nothing."""
        return sampler

    def further(self, post):
        """Return the samplers of further passes: `RunSampler`, and `PipeSampler` if it can be.

        With a `post` there is none: what follows an inference was never measured that way.
        """
        if post is not None:
            return []
        alone = RunSampler(self._gpu, self._exchange)
        try:
            exchanges = [self._exchange, self._new_exchange()]
        except Unsupported as error:
            self.facts["no_latency_pipe"] = str(error)
            return [alone]
        return [alone, PipeSampler(self._gpu, exchanges)]

    def close(self):
        """Let the engine go while its GPU and its stream are there: it asks for them as it goes."""
        try:
            self._gpu.synchronize()
        finally:
            self._engine = None
            for exchange in self._exchanges:  # which samplers hold
                exchange.unbind()

    def _new_exchange(self):
        made = Exchange(self._gpu, self._engine, self._feeds, self._inputs, self._outputs)
        self._exchanges.append(made)
        return made


class Exchange(object):
    """One set of buffers, bound to the engine: pinned arrays on the host, memory on the GPU."""

    def __init__(self, gpu, engine, feeds, inputs, outputs):
        self._gpu = gpu
        self._names = [port.name for port in inputs]
        self.host_inputs = [gpu.pinned(port.shape, port.dtype) for port in inputs]
        self.fill(feeds)
        self.host_outputs = [gpu.pinned(port.shape, port.dtype) for port in outputs]
        self._device_inputs = [gpu.allocate(array.nbytes) for array in self.host_inputs]
        self._enqueue = engine.attach([int(memory) for memory in self._device_inputs])
        self.addresses = []  # of the last inference's outputs on the GPU

    def unbind(self):
        """Let the engine go: nothing can be computed after."""
        self._enqueue = None

    def fill(self, feeds):
        """Put the inputs where they are sent from."""
        for name, array in zip(self._names, self.host_inputs):  # noqa: B905 - Python 3.6
            np.copyto(array, feeds[name])

    def send(self, stream):
        """Copy the inputs to the GPU, asynchronously on `stream`."""
        for index, memory in enumerate(self._device_inputs):
            self._gpu.send(memory, self.host_inputs[index], stream)

    def compute(self):
        """Put one inference on the engine's stream."""
        self.addresses = self._enqueue()

    def receive(self, stream):
        """Copy the outputs of the last inference to the host, asynchronously on `stream`."""
        for index, address in enumerate(self.addresses):
            self._gpu.receive(self.host_outputs[index], address, stream)


class Follower(object):
    """A post on the GPU, on what an exchange's inference leaves there, and its way to the host."""

    def __init__(self, gpu, exchange, post, ports, feeds):
        exchange.send(gpu.stream)
        exchange.compute()
        self._gpu = gpu
        self._post = torch_posts.OnDevice(post, gpu, ports, exchange.addresses, feeds)
        self._addresses = []
        self._exchange = exchange
        self.host_outputs = [gpu.pinned(port.shape, port.dtype) for port in self._post.outputs]
        self.facts = self._post.facts

    def compute(self):
        """Put the post on the engine's stream."""
        self._addresses = self._post.enqueue(self._exchange.addresses)

    def receive(self, stream):
        """Copy what the post made to the host, asynchronously on `stream`."""
        for index, address in enumerate(self._addresses):
            self._gpu.receive(self.host_outputs[index], address, stream)


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
        self._submit()

    def sample(self):
        """Start one inference, wait for the one before it, and return that one's time."""
        started, _, _, received = self._marks[1 - self._next]
        self._submit()
        received.synchronize()
        return (started.time_till(received) / 1e3,)

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
