"""The verb `launch`: time one case in one process."""

import os
import time

import numpy as np

from retable_runner import (
    backends,
    calls,
    contract,
    conversation,
    host,
    measure,
    posts,
    program,
    rotation,
    torch_posts,
    yardstick,
)

KEYS = ("backend", "engine", "sample", "post", "options", "warmup", "turn", "measure", "conducted")


MOST_COMPILING_CALLS = 10  # a network whose inner shapes never repeat compiles for ever


def run(job, result):
    """Load the engine, warm it up and time it by turns; fills `result` as it goes."""
    talk = conversation.opened(job["conducted"])  # before a library prints
    files = {role: contract.verified(wanted) for role, wanted in job["engine"].items()}
    feeds = read_sample(contract.verified(job["sample"]))
    backend = backends.load(job["backend"])
    post = posts.load(job["post"])
    backends.prepare(backend, job["options"])
    result["versions"].update(backend.versions())
    if posts.in_torch(post):
        result["versions"].update(torch_posts.versions())
    facts = result["facts"]
    if job.get("phone") is None:  # else it is not this machine that is timed
        facts["load_average"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        facts["affinity"] = backends.cpus()  # before the library sets its own

    memory = getattr(backend, "MEMORY", host)
    options = _options(job)
    cpus = _turned_on(memory, job["options"])
    start = time.perf_counter()
    with memory.opened(backend, files, options, feeds) as inference:
        facts["load_ms"] = _ms_since(start)
        facts["memory"] = inference.memory
        facts["threads"] = inference.facts["threads"]
        facts["engine"] = inference.facts

        in_loading = getattr(inference, "shares_first_call", False)
        if in_loading:
            _call_first(inference, facts)
        talk.say(loaded=True)
        talk.hear()
        if not isinstance(inference, program.Inference):
            if not in_loading:
                _call_first(inference, facts)
            facts["first_call_in_loading"] = in_loading
            _compile_all(inference, facts)
        _time(inference, post, cpus if facts["memory"] == host.NAME else [], job, talk, result)
        _time_further(inference, post, job, result)
        _count_late(inference, facts)
        talk.say(finished=True)
        talk.hear()  # others may still be timed, whom the engine's end would disturb


def _options(job):
    """What the backend is told: the case's options, and where there is a phone, which, how long."""
    phone = job.get("phone")
    if phone is None:
        return job["options"]
    return dict(job["options"], phone=phone["serial"], limit_s=job.get("reply_timeout_s"))


def _turned_on(memory, options):
    """The CPUs on which turns are taken, none where the kernel is to choose; it loads near them."""
    if memory not in (host, calls) or backends.threads(options) != 1:
        return []
    return rotation.keep_to(rotation.alike(backends.cpus()))


def _call_first(inference, facts):
    """Run once; what a library leaves to the first call, it does here."""
    start = time.perf_counter()
    outputs = inference.run()
    facts["first_call_ms"] = _ms_since(start)
    facts["outputs"] = [
        {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        for name, array in zip(inference.outputs, outputs)  # noqa: B905 - Python 3.6
    ]


def _compile_all(inference, facts):
    """Run until nothing more is compiled, where a library compiles what it meets."""
    found = _compiled(inference)
    if found is None:
        return
    calls, before = 1, 0
    while found["clusters"] > before and calls < MOST_COMPILING_CALLS:
        inference.run()
        calls += 1
        before, found = found["clusters"], _compiled(inference)
    facts["compilation"] = dict(found, calls=calls)


def _count_late(inference, facts):
    """How many clusters were compiled while it was timed: those samples hold that too."""
    if "compilation" in facts:
        done = facts["compilation"]["clusters"]
        facts["compilation"]["late"] = _compiled(inference)["clusters"] - done


def _compiled(inference):
    return getattr(inference, "compiled", lambda: None)()


def _time(inference, post, cpus, job, talk, result):
    """Warm up, then measure by turns, as often as asked."""
    job = dict(job, measure=_wanted(inference, job["measure"]))
    with measure.no_garbage_collection():
        recording = _recording(inference, post, cpus, job, result["facts"])
        talk.say(ready=True)
        while talk.hear() == conversation.TURN:
            talk.say(enough=recording.take_turn())
    facts = recording.facts()
    result["facts"].update(facts)
    result["versions"].update(facts.get("program", {}).get("versions", {}))
    result["samples"] = recording.times()
    result["contention"] = recording.contention()
    _judge(job["measure"]["target"], result)


def _wanted(inference, asked):
    """What the job asks for: no convergence of a program that tells means alone."""
    return dict(asked, target=None) if getattr(inference, "tells_means", False) else asked


def _recording(inference, post, cpus, job, facts):
    """Run until it is steady; return what measures by turns: the program, if it times itself."""
    if isinstance(inference, program.Inference):
        return inference.recording(post, job["warmup"], job["measure"])
    sampler = inference.sampler(post)
    facts["warmup"] = measure.warm_up(sampler, measure.Steadiness(**job["warmup"]))
    return measure.Recording(
        inference.counted(sampler),  # now: the libraries have started their threads
        rotation.Rotation(cpus).move,
        yardstick.Yardstick().pace,
        settling_ms(job["turn"], cpus),
        _budget(job["turn"], job["measure"]["max_ms"]),
        measure.Enough(**job["measure"]),
    )


def settling_ms(turn, cpus):
    """How long a turn runs before it counts, at least and at most.

    Where it moves to one of `cpus` no threads are to be spread: the longer it waits, the longer ago
    was the other launches' turn on that CPU.
    """
    return turn["settle_ms"], turn["settle_ms"] if cpus else turn["settle_max_ms"]


def _judge(target, result):
    stopped = result["facts"]["stopped"]
    if target and stopped["by"] != "converged":
        result["outcome"] = "not_converged"
        result["reason"] = "the median's interval was asked for within {:g} %: {}".format(
            100 * target, stopped.get("why_not") or "stopped before"
        )


def _time_further(inference, post, job, result):
    """Time each in a pass of its own, settled as a turn is: its fields have their own count."""
    budget = _budget(job["measure"], job["measure"]["max_ms"])
    settle_ms = job["turn"]["settle_ms"]
    for sampler in inference.further(post):
        with measure.no_garbage_collection():
            measure.repeat(sampler, measure.Settled(settle_ms, settle_ms, bool))
            rows, _ = measure.repeat(sampler, budget)
            sampler.close()
        result["samples"].update(measure.columns(sampler.fields, rows))


def _budget(wanted, max_ms):
    return measure.Budget(wanted["min_ms"], wanted["min_samples"], max_ms)


def read_sample(path):
    """Read the input arrays of an .npz file by name, each contiguous in memory."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: np.ascontiguousarray(arrays[name]) for name in arrays.files}


def _ms_since(start):
    return round((time.perf_counter() - start) * 1e3, measure.DECIMALS_MS)
