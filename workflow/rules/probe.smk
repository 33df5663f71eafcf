# in:  results/environments/{where}/{environment}.json
# out: results/{device}/environments/{environment}.json: the same, and what the device is
#      ("host": this machine, where engines are built ahead of time)
rule probe:
    input:
        environment=dag.environments.entered,
        sources=dag.code.of(
            "retable.steps.probe", "retable_runner.__main__", "retable_runner.probe"
        ),
        runtime=dag.code.device_runtime,
    output:
        "results/{device}/environments/{environment}.json",
    log:
        "results/logs/probe/{device}/{environment}.log",
    priority: 100  # what cannot be entered is told before long work begins
    params:
        machine=dag.environments.machine,
    message:
        "probe {wildcards.device} in {wildcards.environment}"
    shell:
        "python -m retable probe --environment {input.environment:q}"
        " --output {output:q} --log {log:q}"
