# in:  results/{device}/plans/{suite}/{block}.json, and the engines it names
# out: results/{device}/timings/{suite}/{block}.json: every launch's raw samples
rule time:
    input:
        plan="results/{device}/plans/{suite}/{block}.json",
        records=dag.sessions.inputs,
        sources=dag.code.of(
            "retable.steps.time", "retable_runner.__main__", "retable_runner.launch"
        ),
        plugins=dag.code.session,
        runtime=dag.code.device_runtime,
    output:
        "results/{device}/timings/{suite}/{block}.json",
    log:
        "results/logs/time/{device}/{suite}/{block}.log",
    resources:
        slot=100,
    message:
        "time {wildcards.suite} {wildcards.block}"
    shell:
        "python -m retable time --plan {input.plan:q} --output {output:q} --log {log:q}"
