# in:  the key `weights` of config/models/{model}.yaml
# out: data/weights/{model}.json, and the files it names in data/weights/{model}/
rule fetch:
    input:
        sources=dag.code.of("retable.steps.fetch"),
    output:
        "data/weights/{model}.json",
    log:
        "results/logs/fetch/{model}.log",
    params:
        official=dag.models.official_weights,
        weights=dag.run.settings.weights,
        mirror=["--mirror", dag.run.settings.mirror] if dag.run.settings.mirror else [],
    message:
        "fetch {wildcards.model}"
    shell:
        "python -m retable fetch --model {wildcards.model:q} --official {params.official:q}"
        " --weights {params.weights:q} {params.mirror:q} --output {output:q} --log {log:q}"
