"""What an edit re-runs: exactly what it can change, and never a timing that it cannot."""

from checkout import engine_checks

PAGE = {"compare tiny", "report tiny", "index null"}
MODEL = "config/models/tiny.yaml"
SUITE = "config/suites/tiny.yaml"
CSV = "data/published/tiny.csv"
DEVICE = "config/devices/null.yaml"

# All that is made of the model `tiny`, weights not counted, and timed of it.
TINY_CHAIN = PAGE | {
    "native tiny",
    "export tiny/32x64",
    "export tiny/64x64",
    "reference tiny/32x64",
    "reference tiny/64x64",
    "tail tiny/32x64/argmax",
    "tail tiny/32x64/fused_argmax",
    "tail tiny/64x64/argmax",
    "fidelity tiny/32x64/none/fp32",
    "fidelity tiny/32x64/argmax/fp32",
    "fidelity tiny/32x64/fused_argmax/fp32",
    "fidelity tiny/64x64/none/fp32",
    "fidelity tiny/64x64/argmax/fp32",
    "build tiny/32x64/none/fp32/null",
    "build tiny/32x64/argmax/fp32/null",
    "build tiny/32x64/fused_argmax/fp32/null",
    "build tiny/64x64/none/fp32/null",
    "build tiny/64x64/argmax/fp32/null",
    "time tiny/tiny_32x64",
    "time tiny/tiny_64x64",
    *engine_checks(
        "tiny_32x64/null.none.fp32",
        "tiny_32x64/null.argmax.fp32",
        "tiny_32x64/null.fused_argmax.fp32",
        "tiny_64x64/null.none.fp32",
        "tiny_64x64/null.argmax.fp32",
    ),
}
SAMPLES = {"sample tiny/32x64", "sample tiny/64x64"}
BLOCKS = ("tiny/tiny_32x64", "tiny/tiny_64x64", "tiny/tiny2_32x64")


def comment(text: str) -> str:
    return text + "# A comment.\n"


# Run for real: what was pending is made, and nothing else.


def test_editing_the_template_renders_the_page_again(finished):
    finished.edit("workflow/templates/suite.md.j2", lambda text: text + "\nThe end.\n")
    assert finished.tiny().jobs == {"report tiny", "index null"}
    assert finished.read("results/null/reports/tiny.md").endswith("The end.\n")


def test_editing_a_tail_times_only_the_blocks_it_stands_in(finished):
    finished.edit("workflow/retable_export/tails/fused_argmax.py", comment)
    assert finished.tiny().jobs == PAGE | {
        "tail tiny/32x64/fused_argmax",
        "fidelity tiny/32x64/fused_argmax/fp32",
        "build tiny/32x64/fused_argmax/fp32/null",
        *engine_checks("tiny_32x64/null.fused_argmax.fp32"),
        "time tiny/tiny_32x64",
    }
    assert finished.tiny().jobs == set()


def test_editing_what_is_only_shown_times_nothing(finished):
    shown = {
        SUITE: ("title: Tiny networks", "title: Very tiny networks"),
        MODEL: ("title: Tiny network", "title: Smallish network"),
        DEVICE: ("title: No device at all", "title: Not a device"),
        CSV: ("FP32,18.46,18.46", "FP32,18.64,18.64"),
    }
    for name, (old, new) in shown.items():
        finished.replace(name, old, new)
    finished.replace(SUITE, "claim: Fused argmax is faster", "claim: Fused argmax wins")
    assert finished.tiny().jobs == PAGE
    page = finished.read("results/null/reports/tiny.md")
    for words in ("Very tiny networks", "Smallish network", "Not a device", "18.64", "argmax wins"):
        assert words in page


def test_adding_a_row_runs_its_chain_and_its_block(finished):
    row = "        tiny2 | 32x64:"
    finished.replace(SUITE, row, f"        tiny | 32x32: {{model: tiny, input: 32x32}}\n{row}")
    finished.edit(CSV, lambda text: text + "latency,tiny | 32x32,FP32,11.5,11.5,\n")
    assert finished.tiny().jobs == PAGE | {
        "sample tiny/32x32",
        "reference tiny/32x32",
        "export tiny/32x32",
        "fidelity tiny/32x32/none/fp32",
        "build tiny/32x32/none/fp32/null",
        *engine_checks("tiny_32x32/null.none.fp32"),
        "plan tiny/tiny_32x32",
        "time tiny/tiny_32x32",
    }


# Asked of Snakemake: what the next run would do.


def test_editing_a_model_runs_its_own_chain(finished):
    finished.replace(MODEL, "classes: 19", "classes: 7")
    assert finished.pending() == TINY_CHAIN | SAMPLES


def test_editing_an_exporter_leaves_environments_plans_and_weights(finished, first_run):
    finished.edit("workflow/retable_export/exporters/null.py", comment)
    kept = ("environment ", "probe ", "plan ", "fetch ")
    assert finished.pending() == {job for job in first_run[1].jobs if not job.startswith(kept)}


def test_editing_a_backend_exports_nothing(finished, first_run):
    finished.edit("workflow/retable_runner/backends/null.py", comment)
    changed = ("build ", "time ", "outputs ", "engine_fidelity ")
    assert finished.pending() == PAGE | {
        job for job in first_run[1].jobs if job.startswith(changed)
    }


def test_editing_a_post_times_only_the_blocks_it_stands_in(finished):
    finished.edit("workflow/retable_runner/posts/numpy_argmax.py", comment)
    assert finished.pending() == PAGE | {"time tiny/tiny_32x64", "time tiny/tiny_64x64"}


def test_another_budget_times_again_and_builds_nothing(finished):
    assert finished.pending(budget="standard") == PAGE | {
        f"{rule} {block}" for rule in ("plan", "time") for block in BLOCKS
    }


def test_another_option_of_a_backend_exports_nothing(finished, first_run):
    finished.edit_yaml(
        DEVICE, lambda device: device["backends"]["null"].update(options={"latency_ms": 2})
    )
    changed = ("build ", "plan ", "time ", "outputs ", "engine_fidelity ")
    assert finished.pending() == PAGE | {
        job for job in first_run[1].jobs if job.startswith(changed)
    }


def test_another_suite_of_the_run_only_adds(finished):
    finished.path("workflow/retable_export/exporters/paddleseg.py").unlink()  # nothing of it runs
    assert finished.pending(suite="tiny,paddleseg") == {
        "compare paddleseg",
        "report paddleseg",
        "index null",
    }
