# in:  results/{device}/engines/.../{player}.json of the case, results/inputs/{set}/{split}/...
# out: results/{device}/predictions/{set}/{split}/{block}/{case}.json, and an array an output beside it
rule predict:
    input:
        engine=dag.cases.engine,
        native=dag.cases.native,
        inputs=dag.scores.inputs,
        environment=dag.cases.environment,
        sources=dag.code.of(
            "retable.steps.predict",
            "retable_runner.__main__",
            "retable_runner.predict",
        ),
        plugins=dag.code.prediction,
        runtime=dag.code.device_runtime,
    output:
        "results/{device}/predictions/{set}/{split}/{block}/{case}.json",
    log:
        "results/logs/predict/{device}/{set}/{split}/{block}/{case}.log",
    resources:
        card=dag.cases.cards,
    params:
        case=dag.cases.json,
        preparation=dag.cases.preparation_json,
        memory=dag.engines.memory_limit(),
    message:
        "predict {wildcards.set} {wildcards.split}: {wildcards.case} of {wildcards.block}"
    shell:
        "python -m retable predict --case {params.case:q} --engine {input.engine:q}"
        " --native {input.native:q} --inputs {input.inputs:q}"
        " --preparation {params.preparation:q} {params.memory:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
