# in:  the graph, results/models/{model}/{input}/{tail}/{precision}.json (or the native weights)
# out: results/{device}/engines/{model}/{input}/{tail}/{precision}/{backend}.json, engine beside it
rule build:
    input:
        source=dag.engine_source,
        environment=dag.backend_environment,
        sources=dag.sources("retable.steps.build", "retable_runner.build"),
        backend=dag.plugin_sources("retable_runner.backends", "backend"),
    output:
        "results/{device}/engines/{model}/{input}/{tail}/{precision}/{backend}.json",
    log:
        "results/logs/build/{device}/{model}/{input}/{tail}/{precision}/{backend}.log",
    params:
        options=dag.backend_options,
        memory=(
            ["--memory-limit-mib", dag.device.memory_limit_mib]
            if dag.device.memory_limit_mib
            else []
        ),
    message:
        "build {wildcards.backend} {wildcards.precision}, {wildcards.tail} of {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable build --backend {wildcards.backend:q}"
        " --precision {wildcards.precision:q} --options {params.options:q} {params.memory:q}"
        " --source {input.source:q} --environment {input.environment:q}"
        " --output {output:q} --log {log:q}"


rule engines:
    input:
        dag.engines(),
