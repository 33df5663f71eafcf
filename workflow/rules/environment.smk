# in:  containers/{environment}/
# out: results/environments/{where}/{environment}.json, and the environment itself: beside it (venv),
#      or an image of the daemon of the device {where}
rule environment:
    input:
        files=dag.environment_files,
        sources=dag.sources("retable.steps.environment"),
        runtime=dag.runtime_sources,
    output:
        "results/environments/{where}/{environment}.json",
    log:
        "results/logs/environment/{where}/{environment}.log",
    priority: 100  # what cannot be entered is told before long work begins
    params:
        interpreter=dag.interpreter,
        runtime=dag.runtime,
        container=dag.container,
    message:
        "environment {wildcards.environment} ({wildcards.where})"
    shell:
        "python -m retable environment --name {wildcards.environment:q}"
        " --runtime {params.runtime:q} --container {params.container:q}"
        " --output {output:q} --log {log:q}"
