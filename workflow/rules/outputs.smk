# in:  results/{device}/engines/.../{player}.json of the case, results/models/{model}/{input}/sample.json
# out: results/{device}/outputs/{block}/{case}.json, and an array an output beside it
rule outputs:
    input:
        engine=dag.cases.engine,
        sample=dag.cases.sample,
        environment=dag.cases.environment,
        sources=dag.code.of(
            "retable.steps.outputs",
            "retable_runner.__main__",
            "retable_runner.predict",
        ),
        plugins=dag.code.prediction,
        runtime=dag.code.device_runtime,
    output:
        "results/{device}/outputs/{block}/{case}.json",
    log:
        "results/logs/outputs/{device}/{block}/{case}.log",
    resources:
        card=dag.cases.cards,
    params:
        case=dag.cases.json,
        preparation=dag.cases.preparation_json,
        memory=dag.engines.memory_limit(),
    message:
        "outputs of {wildcards.case}, {wildcards.block}"
    shell:
        "python -m retable outputs --case {params.case:q} --engine {input.engine:q}"
        " --sample {input.sample:q}"
        " --preparation {params.preparation:q} {params.memory:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
