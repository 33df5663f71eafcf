# in:  results/{device}/predictions/{set}/{split}/{block}/{case}.json, data/sets/{set}/{split}.json
# out: results/{device}/scores/{suite}/{set}/{split}/{block}/{case}.json
rule score:
    input:
        pictures="data/sets/{set}/{split}.json",
        inputs=dag.scores.inputs,
        predictions="results/{device}/predictions/{set}/{split}/{block}/{case}.json",
        environment=dag.data.environment,
        sources=dag.code.of(
            "retable.steps.score", "retable_data.__main__", "retable_data.score"
        ),
        metric=dag.code.metric,
    output:
        "results/{device}/scores/{suite}/{set}/{split}/{block}/{case}.json",
    log:
        "results/logs/score/{device}/{suite}/{set}/{split}/{block}/{case}.log",
    params:
        metric=dag.scores.metric,
    message:
        "score on {wildcards.set} {wildcards.split}: {wildcards.case} of {wildcards.block}"
    shell:
        "python -m retable score {params.metric:q}"
        " --pictures {input.pictures:q} --inputs {input.inputs:q}"
        " --predictions {input.predictions:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
