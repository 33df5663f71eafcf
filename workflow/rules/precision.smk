# in:  results/models/{model}/{input}/{tail}/fp32.json
# out: results/models/{model}/{input}/{tail}/{precision}.json, and {precision}.onnx beside it
rule precision:
    input:
        graph="results/models/{model}/{input}/{tail}/fp32.json",
        calibration=dag.data.calibration,
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.precision",
            "retable_export.__main__",
            "retable_export.precision",
        ),
        precision=dag.code.precision,
    output:
        "results/models/{model}/{input}/{tail}/{precision}.json",
    log:
        "results/logs/precision/{model}/{input}/{tail}/{precision}.log",
    wildcard_constraints:
        precision="(?!fp32)[a-z0-9]+",
    params:
        calibration=lambda wildcards, input: (
            ["--calibration", input.calibration] if input.calibration else []
        ),
    message:
        "precision {wildcards.precision}, {wildcards.tail} of {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable precision --precision {wildcards.precision:q} --graph {input.graph:q}"
        " {params.calibration:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
