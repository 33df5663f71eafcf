"""A trtexec that computes nothing, for machines without TensorRT.

It knows the flags that the real one of its version knows (of those that matter here), refuses all
others as that does, and prints and exports in its form, as read from samples/common of
NVIDIA/TensorRT (sampleOptions.cpp, sampleReporting.cpp, logging.h, sampleInference.cpp).

The graph has one input, of the name and bytes in TRTEXEC_INPUT (x:768). TRTEXEC_VERSION is the
number in its banner; TRTEXEC_FAIL makes it fail ("parse", "memory", "crash", "hang", "other",
"library"); it appends what it was called with, one JSON list a line, to TRTEXEC_CALLS.
"""

import json
import os
import signal
import sys
from pathlib import Path

NUMBER = int(os.environ["TRTEXEC_VERSION"])
MAJOR = NUMBER // (1000 if NUMBER < 10000 else 10000)
FAIL = os.environ.get("TRTEXEC_FAIL")

ALWAYS = {
    *("onnx", "saveEngine", "loadEngine", "loadInputs", "device", "noTF32", "streams"),
    *("iterations", "duration", "warmUp", "sleepTime", "useSpinWait", "useCudaGraph"),
    *("noDataTransfers", "avgRuns", "percentile", "exportTimes", "help"),
}
KNOWN = set(ALWAYS)
if MAJOR < 10:
    KNOWN |= {"workspace", "buildOnly", "fp16", "int8"}
if NUMBER >= 8400:
    KNOWN |= {"memPoolSize"}
if NUMBER >= 8600:
    KNOWN |= {"skipInference", "infStreams"}
if MAJOR >= 10:
    KNOWN |= {"stronglyTyped", "fp16", "int8"}
if MAJOR >= 11:
    KNOWN -= {"fp16", "int8"}
    KNOWN |= {"includeDataTransfers", "noSpinWait", "noCudaGraph"}

COMPUTE_MS = 2.0
STATISTICS = ("min", "max", "mean", "median", "percentile(99%)")


def six(number):
    """A C++ stream's way with numbers."""
    return f"{number:g}"


def say(words, severity="I"):
    print(f"[01/18/2022-18:43:51] [{severity}] {words}", flush=True)


def main():
    given = {}
    for word in sys.argv[1:]:
        name, _, value = word.removeprefix("--").partition("=")
        given[name] = value
    with Path(os.environ["TRTEXEC_CALLS"]).open("a") as stream:
        stream.write(json.dumps(sys.argv[1:]) + "\n")
    if FAIL == "library":
        print("trtexec: error while loading shared libraries: libnvinfer.so.8", file=sys.stderr)
        return 127
    build = " [b48]" if MAJOR >= 10 else ""
    banner = f"TensorRT.trtexec [TensorRT v{NUMBER}]{build} # {' '.join(sys.argv)}"
    print(f"&&&& RUNNING {banner}", flush=True)
    if "help" in given:
        print("=== Model Options ===\n  --onnx=<file>               ONNX model")
        return 0
    status = run(given)
    print(f"&&&& {'FAILED' if status else 'PASSED'} {banner}", flush=True)
    return status


def run(given):
    unknown = sorted(set(given) - KNOWN)
    if unknown:
        print("=== Model Options ===")
        for name in unknown:
            say(f"Unknown option: --{name} {given[name]}", "E")
        return 1
    print_options(given)
    if FAIL == "crash":
        os.abort()
    if FAIL == "hang":
        say(f"hanging as process {os.getpid()}")
        signal.pause()
    if "loadEngine" in given:
        return time(given)
    return build(given)


def print_options(given):
    if MAJOR >= 11:
        transfers = "includeDataTransfers" in given
        spin, graph = "noSpinWait" not in given, "noCudaGraph" not in given
    else:
        transfers = "noDataTransfers" not in given
        spin, graph = "useSpinWait" in given, "useCudaGraph" in given
    if FAIL == "other":
        graph = not graph
    word = {True: "Enabled", False: "Disabled"}
    streams = "Inference Streams" if NUMBER >= 8600 else "Streams"
    say("=== Inference Options ===")
    say("Batch: Explicit")
    say(f"Iterations: {given.get('iterations', 10)}")
    say(f"Duration: {given.get('duration', 3)}s (+ {given.get('warmUp', 200)}ms warm up)")
    say(f"{streams}: {given.get('infStreams') or given.get('streams') or 1}")
    say("ExposeDMA: Disabled")
    say(f"Data transfers: {word[transfers]}")
    say(f"Spin-wait: {word[spin]}")
    say("Multithreading: Disabled")
    say(f"CUDA Graph: {word[graph]}")
    say("Inputs:")
    for pair in given.get("loadInputs", "").split(","):
        if pair:
            say("<-".join(pair.rsplit(":", 1)))
    say("=== Reporting Options ===")
    say("Verbose: Disabled")


def build(given):
    if FAIL == "parse":
        say('[TRT] ModelImporter.cpp:773: While parsing node number 2 [Foo -> "y"]:', "E")
        say("[TRT] ModelImporter.cpp:774: --- Begin node ---", "E")
        say('[TRT] ModelImporter.cpp:775: input: "x"', "E")
        say("[TRT] ModelImporter.cpp:776: --- End node ---", "E")
        say("[TRT] ModelImporter.cpp:778: ERROR: [8] No importer registered for op: Foo", "E")
        say("Failed to parse onnx file", "E")
        say("Parsing model failed", "E")
        say("Engine set up failed", "E")
        return 1
    if FAIL == "memory":
        say(
            "[TRT] 1: [allocator.cpp::allocate::20] Error Code 1: Cuda Runtime (out of memory)",
            "E",
        )
        say("Engine set up failed", "E")
        return 1
    Path(given["saveEngine"]).write_bytes(b"plan of " + Path(given["onnx"]).read_bytes())
    say("Engine built in 273.089 sec.")
    return 0


def time(given):
    if not Path(given["loadEngine"]).read_bytes().startswith(b"plan of "):
        say(
            "[TRT] 1: [stdArchiveReader.cpp::StdArchiveReader::35] Error Code 1: Serialization", "E"
        )
        say("Engine set up failed", "E")
        return 1
    name, _, size = os.environ.get("TRTEXEC_INPUT", "x:768").partition(":")
    loaded = dict(pair.rsplit(":", 1) for pair in given["loadInputs"].split(","))
    if name in loaded:
        assert Path(loaded[name]).stat().st_size == int(size)
        say(f"Using values loaded from {loaded[name]} for input {name}")
    else:
        say(f"Using random values for input {name}")
    say(f"Created input binding for {name} with dimensions 1x3x8x8")
    say("Created output binding for y with dimensions 1x19x8x8")
    say("Starting inference")
    warmup_ms, wanted_ms = float(given["warmUp"]), 1000 * float(given["duration"])
    trace, now, measured = [], 0.0, 0
    while measured < int(given["iterations"]) or now - warmup_ms < wanted_ms:
        compute = COMPUTE_MS + 0.001 * (len(trace) % 7)
        marks = (now, now + 0.25, now + 0.25 + compute, now + 0.5 + compute)
        trace.append((now - 0.125, now - 0.0625, *marks))
        measured += marks[1] >= warmup_ms
        now = marks[-1]
    skipped = len(trace) - measured
    report(given, trace, skipped, warmup_ms)
    export(given["exportTimes"], trace if NUMBER < 8400 else trace[skipped:])
    return 0


def durations(entry):
    """Enqueue, in, compute, out, sum, end to end."""
    start, end, h2d, compute, computed, d2h = entry
    parts = (compute - h2d, computed - compute, d2h - computed)
    return (end - start, *parts, sum(parts), d2h - h2d)


def report(given, trace, skipped, warmup_ms):
    timed = trace[skipped:]
    seconds = (timed[-1][-1] - timed[0][2]) / 1e3
    say(f"Warmup completed {skipped} queries over {six(warmup_ms)} ms")
    say(f"Timing trace has {len(timed)} queries over {six(seconds)} s")
    say("")
    say("=== Performance summary ===")
    say(f"Throughput: {six(len(timed) / seconds)} qps")
    names = [(4, "Latency")] + [(5, "End-to-End Host Latency")] * (NUMBER < 8400)
    names += [(0, "Enqueue Time"), (1, "H2D Latency"), (2, "GPU Compute Time"), (3, "D2H Latency")]
    for index, name in names:
        values = sorted(durations(entry)[index] for entry in timed)
        middle, mean = values[len(values) // 2], sum(values) / len(values)
        numbers = zip(STATISTICS, (values[0], values[-1], mean, middle, values[-1]), strict=True)
        say(f"{name}: " + ", ".join(f"{key} = {six(value)} ms" for key, value in numbers))
    say(f"Total Host Walltime: {six(seconds)} s")
    say("")


def export(path, trace):
    entries = []
    for entry in trace:
        start, end, h2d, compute, computed, d2h = entry
        _, *spans = durations(entry)
        names = ["h2dMs", "computeMs", "d2hMs", "latencyMs", "endToEndMs"][
            : 5 if NUMBER < 8400 else 4
        ]
        pairs = [
            ("startEnqMs", start),
            ("endEnqMs", end),
            ("startH2dMs", h2d),
            ("endH2dMs", compute),
        ]
        pairs += [("startComputeMs", compute), ("endComputeMs", computed)]
        pairs += [("startD2hMs", computed), ("endD2hMs", d2h), *zip(names, spans, strict=False)]
        entries.append("{ " + ", ".join(f'"{key}" : {six(value)}' for key, value in pairs) + " }\n")
    Path(path).write_text("[\n  " + ", ".join(entries) + "]\n")


if __name__ == "__main__":
    sys.exit(main())
