"""What trtexec prints, and what it writes with --exportTimes.

Read from samples/common/sampleReporting.cpp, sampleOptions.cpp and logging.h of NVIDIA/TensorRT
(8.0 to 11), and from logs of 8.0.1. Times are milliseconds unless they are called otherwise.
"""

import json
import re

BANNER = re.compile(r"^&&&& RUNNING TensorRT\.trtexec \[TensorRT v([\d.]+)\]", re.MULTILINE)
LINE = re.compile(r"^(?:\[[\d/:-]+\] )+\[([A-Z])\] ?(.*)$", re.MULTILINE)  # severity, words
WARMED_UP = re.compile(r"^Warmup completed (\d+) queries over ([\d.e+]+) ms$")
TIMED = re.compile(r"^Timing trace has (\d+) queries over ([\d.e+]+) s$")
STATISTIC = re.compile(r"(\w+(?:\([\d.]+%\))?) = ([^ ,]+) ms")  # "percentile(99%) = 25.2861 ms"
BOUND = re.compile(r"^Created (input|output) binding for (.*) with dimensions ([\dx]*)$")
BUILT = re.compile(r"^Engine built in ([\d.e+]+) sec")
INVENTED = re.compile(r"^Using random values for input (.*)$")
# The last words of a failure, which only say that there was one.
SUMMARIES = re.compile(
    r"Failed to parse onnx file|Parsing model failed|Failed to create engine from model"
    r"|Engine (set up|could not be created|creation) failed|Inference set up failed"
    r"|Error occurred during inference|.*(--- (Begin|End) node ---|(input|output|name|op_type): )"
)
NODE = re.compile(r"(While parsing node number .*?):?$")
# Our fields, from the keys of an entry of --exportTimes.
DURATIONS = (
    ("latency_sum", "latencyMs"),  # the sum of the next three
    ("gpu_compute", "computeMs"),
    ("h2d", "h2dMs"),
    ("d2h", "d2hMs"),
    ("latency_pipe", "endToEndMs"),  # up to 8.2: from the start of h2d to the end of d2h
)


def version(text):
    """Return the TensorRT of a log as (major, minor, patch), or None.

    The banner has NV_TENSORRT_VERSION: 8601 is 8.6.1, and since 10, 101303 is 10.13.3.
    """
    found = BANNER.search(text)
    if found is None:
        return None
    if "." in found.group(1):
        return tuple(int(part) for part in found.group(1).strip(".").split(".")[:3])
    number = int(found.group(1))
    scale = 1000 if number < 10000 else 10000
    return number // scale, number % scale // 100, number % 100


def timing(text):
    """Return what a log says of a timing; None or {} for what it does not say.

    `options` are the lines of "Inference Options" as they stand, `outputs` [{name, shape}],
    `warmup_queries`, `queries` and `seconds` count what was run and how long what counts took,
    `invented` names the inputs that were given random values, and `summary` has, for
    "Latency", "GPU Compute Time" ..., the numbers of the performance summary by their names.
    """
    found = {
        "options": {},
        "outputs": [],
        "invented": [],
        "warmup_queries": None,
        "queries": None,
        "seconds": None,
        "summary": {},
    }
    section = None
    for _, words in LINE.findall(text):
        if words.startswith("=== "):
            section = words.strip("= ")
        elif section == "Inference Options" and ":" in words:
            key, _, value = words.partition(":")
            found["options"][key] = value.strip()
        elif section == "Performance summary" and " = " in words:
            name, _, numbers = words.partition(":")
            found["summary"][name] = {key: float(ms) for key, ms in STATISTIC.findall(numbers)}
        else:
            _read_line(words, found)
    return found


def _read_line(words, found):
    bound, invented = BOUND.match(words), INVENTED.match(words)
    warmed_up, timed = WARMED_UP.match(words), TIMED.match(words)
    if bound and bound.group(1) == "output":
        shape = [int(size) for size in bound.group(3).split("x") if size]
        found["outputs"].append({"name": bound.group(2), "shape": shape})
    elif invented:
        found["invented"].append(invented.group(1))
    elif warmed_up:
        found["warmup_queries"] = int(warmed_up.group(1))
    elif timed:
        found["queries"], found["seconds"] = int(timed.group(1)), float(timed.group(2))


def build_seconds(text):
    """Return how long a log says that the engine took to build, or None."""
    found = [BUILT.match(words) for _, words in LINE.findall(text)]
    return next((float(one.group(1)) for one in found if one), None)


def failure(text):
    """Return why a trtexec failed, in its own words, on one line; its last line for want of them.

    Of its errors, the last that is not a mere summary, behind the node that was being parsed.
    """
    errors = [words.strip() for severity, words in LINE.findall(text) if severity in "EF"]
    telling = [words for words in errors if words and not SUMMARIES.match(words)]
    nodes = [found.group(1) for found in map(NODE.search, telling) if found]
    causes = [words for words in telling if not NODE.search(words)] or errors
    if not causes:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else "it printed nothing"
    return ": ".join(nodes[-1:] + causes[-1:])


def samples(text, count):
    """Return {field: [ms, one a query]} of the last `count` queries of an --exportTimes file.

    Up to 8.2 the file begins with the queries of the warm-up. Times in it have six digits:
    `enqueue`, the only one that is a difference here, is coarser the later it was. ValueError for
    a file of another form, or with fewer queries.
    """
    try:
        entries = json.loads(text)
        if not 0 < count <= len(entries):
            raise ValueError("{} queries, and its log says {}".format(len(entries), count))
        counted = entries[-count:]
        found = {
            field: [float(entry[key]) for entry in counted]
            for field, key in DURATIONS
            if all(key in entry for entry in counted) or field != "latency_pipe"
        }
        found["enqueue"] = [round(entry["endEnqMs"] - entry["startEnqMs"], 6) for entry in counted]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("--exportTimes: {!r}".format(error)) from None
    return found
