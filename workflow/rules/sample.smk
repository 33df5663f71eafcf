# in:  the network's input, by its exporter
# out: results/models/{model}/{input}/sample.json, and sample.npz beside it
rule sample:
    input:
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.sample", "retable_export.__main__", "retable_export.sample"
        ),
        exporter=dag.code.exporter,
    output:
        "results/models/{model}/{input}/sample.json",
    log:
        "results/logs/sample/{model}/{input}.log",
    params:
        network=dag.models.network,
        seed=dag.run.settings.seed,
    message:
        "sample {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable sample {params.network:q} --input {wildcards.input:q}"
        " --seed {params.seed:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
