# in:  containers/{environment}/
# out: results/environments/{where}/{environment}.json, and the environment itself: beside it (venv),
#      or an image of the daemon of the device {where}
rule environment:
    input:
        files=dag.environments.files,
        sources=dag.code.of("retable.steps.environment"),
        runtime=dag.code.runtime,
    output:
        "results/environments/{where}/{environment}.json",
    log:
        "results/logs/environment/{where}/{environment}.log",
    priority: 100  # what cannot be entered is told before long work begins
    params:
        interpreter=dag.environments.interpreter,
        runtime=dag.environments.runtime,
        settings=dag.environments.settings,
    message:
        "environment {wildcards.environment} ({wildcards.where})"
    shell:
        "python -m retable environment --name {wildcards.environment:q}"
        " --runtime {params.runtime:q} --settings {params.settings:q}"
        " --output {output:q} --log {log:q}"
