"""What Paddle-Lite's `benchmark_bin` prints.

Read from lite/api/tools/benchmark (benchmark.cc, benchmark.h) of PaddlePaddle/Paddle-Lite: it
prints no time of a single run, but the mean, the least and the greatest of those that count, in
milliseconds with three decimals.
"""

import re

LINE = re.compile(r"^([A-Za-z_ ]+?)(?:\((?:\w+)\))?\s*: ?(.*?)\s*$", re.MULTILINE)
TIME = re.compile(r"^(init|first|min|max|avg)\s*= ([\d.e+]+)\s*$", re.MULTILINE)
OUTPUT = re.compile(r"^output shape\(NCHW\): ([\d ]*?)\s*$", re.MULTILINE)
SETTINGS = ("threads", "power_mode", "warmup", "repeats", "input_shape")
TIMES = ("init", "first", "min", "max", "avg")
# Paddle-Lite's own log: "[F 11/22 12:17:43.373 ...file.cc:171 Name] words", words on a line of
# their own where there are many; "[I" and "[W" are no reasons.
FATAL = re.compile(r"^\[F [^\]]*\]\s*(.*)$", re.MULTILINE | re.DOTALL)
REASON = re.compile(r"error|not exist|check failed|not support|cannot|can't|illegal|unknown", re.I)


def timing(text):
    """Return what a run says: {version, settings, times, outputs}; ValueError where times miss.

    `settings` are the words behind the names in SETTINGS, `times` the milliseconds behind those in
    TIMES, `outputs` [{name, shape}], in order: the program does not tell names.
    """
    said = dict(LINE.findall(text))
    times = {name: float(number) for name, number in TIME.findall(text)}
    missing = [name for name in TIMES if name not in times]
    if missing:
        raise ValueError("benchmark_bin told no {}: {}".format(", ".join(missing), failure(text)))
    return {
        "version": said.get("benchmark_bin version"),
        "settings": {name: said.get(name) for name in SETTINGS},
        "times": times,
        "outputs": [
            {"name": "output {}".format(number), "shape": [int(size) for size in sizes.split()]}
            for number, sizes in enumerate(OUTPUT.findall(text))
        ],
    }


def failure(text):
    """Return why Paddle-Lite ended, in its own words, on one line; its last for want of them."""
    fatal = FATAL.search(text)
    lines = [line.strip() for line in (fatal.group(1) if fatal else text).splitlines()]
    lines = [line for line in lines if line]
    telling = [line for line in lines if REASON.search(line)]
    if fatal and lines:
        return telling[0] if telling else lines[0]
    return (telling or lines or ["it printed nothing"])[-1]
