# in:  data/weights/{model}.json
# out: results/models/{model}/native.json, and what the framework loads in results/models/{model}/native/
rule native:
    input:
        fetched="data/weights/{model}.json",
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.native", "retable_export.__main__", "retable_export.native"
        ),
        exporter=dag.code.exporter,
    output:
        "results/models/{model}/native.json",
    log:
        "results/logs/native/{model}.log",
    params:
        network=dag.models.network,
        parameters=dag.models.parameters,
        seed=dag.run.settings.seed,
    message:
        "native {wildcards.model}"
    shell:
        "python -m retable native {params.network:q} --parameters {params.parameters:q}"
        " --fetched {input.fetched:q} --seed {params.seed:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
