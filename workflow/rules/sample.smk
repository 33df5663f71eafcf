# in:  the network's input, by its exporter
# out: results/models/{model}/{input}/sample.json, and sample.npz beside it
rule sample:
    input:
        environment=dag.model_environment,
        sources=dag.sources(
            "retable.steps.sample", "retable_export.__main__", "retable_export.sample"
        ),
        exporter=dag.exporter_sources,
    output:
        "results/models/{model}/{input}/sample.json",
    log:
        "results/logs/sample/{model}/{input}.log",
    params:
        network=dag.network,
        seed=dag.settings.seed,
    message:
        "sample {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable sample {params.network:q} --input {wildcards.input:q}"
        " --seed {params.seed:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
