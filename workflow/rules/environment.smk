# in:  containers/{environment}/requirements.lock
# out: results/environments/{runtime}/{environment}.json, and the environment itself beside it
rule environment:
    input:
        lock=dag.lock_file,
        sources=dag.sources("retable.steps.environment"),
        runtime=dag.runtime_sources,
    output:
        "results/environments/{runtime}/{environment}.json",
    log:
        "results/logs/environment/{runtime}/{environment}.log",
    params:
        interpreter=dag.interpreter,
    message:
        "environment {wildcards.environment} ({wildcards.runtime})"
    shell:
        "python -m retable environment --name {wildcards.environment:q}"
        " --runtime {wildcards.runtime:q} --output {output:q} --log {log:q}"
