"""Adding a device, a model, a suite and a backend: one file each, and it works."""

from checkout import engine_checks
from page_tables import table_below

DEVICE = """
device: drawer
title: A device from the drawer
architecture: any
runtime: host
memory: host
backends:
  "null": {roles: [engine], environment: host, precisions: [fp32]}
  echo: {roles: [engine], environment: host, precisions: [fp32, fp16], precision_flags: [fp16]}
"""

MODEL = """
model: third
title: Third network
framework: "null"
exporter: "null"
options: {classes: 3}
weights: {unpublished: it was made up}
"""

SUITE = """
suite: third
title: The third network
document: A document
url: https://example.org/third
licence: MIT
tables:
  - table: only
    title: The only table
    device_label: Some device
    keys: [Model]
    case: {model: third, role: engine, field: latency_sync, statistic: mean, unit: ms}
    rows: [{Third: {input: 16x24}}]
    columns: {FP32: {precision: fp32}, FP16: {precision: fp16}}
"""

PUBLISHED = """table,row,column,text,value,failed
only,Third,FP32,2.5,2.5,
only,Third,FP16,1.5,1.5,
"""

BACKEND = '''"""The backend that answers with a part of its input."""

import os

from retable_runner import contract


def versions():
    return {"echo": "4.2"}


def build(sources, precision, options, folder):
    path = os.path.join(folder, "engine.json")
    contract.write_json(path, {"precision": precision})
    return {"engine": path}, {}


def load(files, options):
    return Engine()


class Engine(object):
    outputs = ["output"]
    facts = {"threads": 1, "device": "echo"}

    def bind(self, feeds):
        self._image = next(iter(feeds.values()))

    def run(self):
        return [self._image[:, :1].copy()]
'''


def test_one_file_each_is_enough(checkout):
    checkout.write("config/devices/drawer.yaml", DEVICE)
    checkout.write("config/models/third.yaml", MODEL)
    checkout.write("config/suites/third.yaml", SUITE)
    checkout.write("data/published/third.csv", PUBLISHED)
    checkout.write("workflow/retable_runner/backends/echo.py", BACKEND)
    run = checkout.snakemake(device="drawer", suite="third")
    assert run.status == 0, run.output
    page = checkout.read("results/drawer/reports/third.md")
    (row,) = table_below(page, "The only table")
    for column in ("FP32, null", "FP32, echo", "FP16, echo"):
        assert row[column][0].isdigit()
    assert row["FP16, null"].startswith("–")
    assert "echo 4.2" in page
    assert "Third network: random weights" in page


def test_several_suites_have_one_index(finished):
    finished.write("config/models/third.yaml", MODEL)
    finished.write("config/suites/third.yaml", SUITE)
    finished.write("data/published/third.csv", PUBLISHED)
    run = finished.tiny(suite="tiny,third")
    assert run.jobs == {
        "fetch third",
        "native third",
        "sample third/16x24",
        "reference third/16x24",
        "export third/16x24",
        "fidelity third/16x24/none/fp32",
        "build third/16x24/none/fp32/null",
        *engine_checks("third_16x24/null.none.fp32"),
        "plan third/third_16x24",
        "time third/third_16x24",
        "compare third",
        "report third",
        "index null",
    }
    index = finished.read("results/null/report.md")
    assert "(reports/tiny.md)" in index
    assert "(reports/third.md)" in index
