"""A suite of cases that fail, each in a way of its own, and one that does not."""

import json
from collections.abc import Mapping

from checkout import Checkout

SUITE = """
suite: failing
title: Cases that fail
document: A document
url: https://example.org/failing
licence: MIT
tables:
  - table: failing
    title: How it fails
    device_label: Some device
    keys: [Case]
    case:
      model: tiny
      input: 32x64
      role: engine
      field: latency_sync
      statistic: mean
      unit: ms
    rows: [{rows}]
    columns: {{FP32: {{precision: fp32}}}}
"""


def add_failing_suite(checkout: Checkout, rows: Mapping[str, object]) -> None:
    """Add the suite with these rows: what each has in place of the table's case."""
    checkout.write("config/suites/failing.yaml", SUITE.format(rows=json.dumps(rows)))
    values = "".join(f"failing,{label},FP32,1.5,1.5,\n" for label in rows)
    checkout.write("data/published/failing.csv", "table,row,column,text,value,failed\n" + values)
