# in:  results/{device}/predictions/{set}/{split}/{block}/{case}.json, data/sets/{set}/{split}.json
# out: results/{device}/scores/{set}/{split}/{metric}/{block}/{case}.json
rule score:
    input:
        pictures="data/sets/{set}/{split}.json",
        inputs=dag.accuracy.inputs,
        predictions="results/{device}/predictions/{set}/{split}/{block}/{case}.json",
        environment=dag.accuracy.environment,
        sources=dag.code.of(
            "retable.steps.score", "retable_data.__main__", "retable_data.score"
        ),
        metric=dag.code.metric,
    output:
        "results/{device}/scores/{set}/{split}/{metric}/{block}/{case}.json",
    log:
        "results/logs/score/{device}/{set}/{split}/{metric}/{block}/{case}.log",
    params:
        options=dag.accuracy.metric_options,
    message:
        "score {wildcards.metric} on {wildcards.set} {wildcards.split}: {wildcards.case} of {wildcards.block}"
    shell:
        "python -m retable score --metric {wildcards.metric:q} --options {params.options:q}"
        " --pictures {input.pictures:q} --inputs {input.inputs:q}"
        " --predictions {input.predictions:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
