# retable: published inference-benchmark tables, run again on the device in front of you.
include: "workflow/rules/common.smk"
include: "workflow/rules/environment.smk"
include: "workflow/rules/probe.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/native.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/reference.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/tail.smk"
include: "workflow/rules/calibration.smk"
include: "workflow/rules/precision.smk"
include: "workflow/rules/fidelity.smk"
include: "workflow/rules/build.smk"
include: "workflow/rules/program.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/time.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/outputs.smk"
include: "workflow/rules/engine_fidelity.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        f"results/{dag.run.device.device}/report.md",
