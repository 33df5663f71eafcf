# in:  the pictures of the model's data set at this input size, where it has one
# out: results/models/{model}/{input}/sample.json, sample.npz and the pictures beside it
rule sample:
    input:
        pictures=dag.data.sample_pictures,
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
        pictures=lambda wildcards, input: (
            ["--pictures", input.pictures] if input.pictures else []
        ),
    message:
        "sample {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable sample {params.network:q} --input {wildcards.input:q}"
        " --seed {params.seed:q} {params.pictures:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
