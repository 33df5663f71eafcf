# in:  config/models/{model}.yaml
# out: data/weights/{model}.json, and the files it names in data/weights/{model}/
rule fetch:
    input:
        model="config/models/{model}.yaml",
        sources=dag.sources("retable.steps.fetch"),
    output:
        "data/weights/{model}.json",
    log:
        "results/logs/fetch/{model}.log",
    params:
        weights=dag.settings.weights,
        mirror=["--mirror", dag.settings.mirror] if dag.settings.mirror else [],
    message:
        "fetch {wildcards.model}"
    shell:
        "python -m retable fetch --model {input.model:q} --weights {params.weights:q}"
        " {params.mirror:q} --output {output:q} --log {log:q}"
