# in:  the graph, results/models/{model}/{input}/{tail}/{precision}.json (or the native weights)
# out: results/{device}/engines/{model}/{input}/{work}/{precision}/{player}.json, engine beside it
rule build:
    input:
        source=dag.engines.source,
        environment=dag.engines.environment,
        sources=dag.code.of(
            "retable.steps.build", "retable_runner.__main__", "retable_runner.build"
        ),
        backend=dag.code.backend,
        runtime=dag.code.device_runtime,
    output:
        "results/{device}/engines/{model}/{input}/{work}/{precision}/{player}.json",
    log:
        "results/logs/build/{device}/{model}/{input}/{work}/{precision}/{player}.log",
    resources:
        card=dag.engines.cards,
    params:
        backend=dag.engines.backend,
        options=dag.engines.options,
        code=dag.code.build_digest,
        timings="results/{device}/engines/{player}.timings",
        memory=dag.engines.memory_limit(),
    message:
        "build {wildcards.player} {wildcards.precision}, {wildcards.work} of {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable build --player {wildcards.player:q} --backend {params.backend:q}"
        " --precision {wildcards.precision:q} --options {params.options:q}"
        " --code {params.code:q} {params.memory:q} --timings {params.timings:q}"
        " --source {input.source:q} --environment {input.environment:q}"
        " --output {output:q} --log {log:q}"


rule engines:
    input:
        dag.engines.all(),
