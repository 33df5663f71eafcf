# in:  results/models/{model}/native.json, results/models/{model}/{input}/sample.json
# out: results/models/{model}/{input}/reference.json, and reference.npz beside it
rule reference:
    input:
        native="results/models/{model}/native.json",
        sample="results/models/{model}/{input}/sample.json",
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.reference",
            "retable_export.__main__",
            "retable_export.reference",
        ),
        exporter=dag.code.exporter,
    output:
        "results/models/{model}/{input}/reference.json",
    log:
        "results/logs/reference/{model}/{input}.log",
    params:
        network=dag.models.network,
    message:
        "reference {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable reference {params.network:q} --input {wildcards.input:q}"
        " --native {input.native:q} --sample {input.sample:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
