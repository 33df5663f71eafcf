# in:  the configuration, as far as it says what is timed in a block
# out: results/{device}/plans/{suite}/{block}.json
rule plan:
    input:
        sources=dag.code.of("retable.steps.plan"),
    output:
        "results/{device}/plans/{suite}/{block}.json",
    log:
        "results/logs/plan/{device}/{suite}/{block}.log",
    params:
        session=dag.sessions.json,
    message:
        "plan {wildcards.suite} {wildcards.block}"
    shell:
        "python -m retable plan --session {params.session:q} --output {output:q} --log {log:q}"
