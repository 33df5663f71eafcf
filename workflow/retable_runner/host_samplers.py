"""What is sampled of an inference in host memory: which call is between two looks at the clock.

A sampler is what `measure` says it is.
"""

import time


class HostSampler(object):
    """One synchronous inference, and what follows it, on the host clock.

    `latency_sync` is around `run`; with a `post`, `host_post` is around `post(outputs)`.
    """

    def __init__(self, run, post=None, clock=time.perf_counter):
        def bare():
            start = clock()
            run()
            return (clock() - start,)

        def followed():
            start = clock()
            outputs = run()
            middle = clock()
            post(outputs)
            return (middle - start, clock() - middle)

        self.fields = ("latency_sync",) if post is None else ("latency_sync", "host_post")
        self.counters = ()
        self.sample = bare if post is None else followed


class FunctionSampler(object):
    """One call of a framework's function on the host clock, as long as it takes to return.

    Then `settle` waits, outside the time that counts, until what it returned is there.
    """

    fields = ("latency_call",)
    counters = ()

    def __init__(self, call, settle, clock=time.perf_counter):
        def sample():
            start = clock()
            found = call()
            end = clock()
            settle(found)
            return (end - start,)

        self.sample = sample
