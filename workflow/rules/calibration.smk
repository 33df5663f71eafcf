# in:  results/inputs/{set}/{split}/{placement}/{input}.json, of the model's calibration pictures
# out: results/models/{model}/{input}/calibration.json, and calibration.npz beside it
rule calibration:
    input:
        inputs=dag.data.calibration_inputs,
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.calibration",
            "retable_export.__main__",
            "retable_export.prepare",
        ),
        exporter=dag.code.exporter,
    output:
        "results/models/{model}/{input}/calibration.json",
    log:
        "results/logs/calibration/{model}/{input}.log",
    params:
        network=dag.models.network,
    message:
        "calibration pictures of {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable calibration {params.network:q} --inputs {input.inputs:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
