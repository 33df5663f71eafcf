# in:  the key `program` of a backend in config/devices/{device}.yaml, and the file at its `path`
# out: results/{device}/programs/{player}.json, and the program beside it
rule program:
    input:
        own=dag.engines.own_program,
        sources=dag.code.of("retable.steps.program"),
    output:
        "results/{device}/programs/{player}.json",
    log:
        "results/logs/program/{device}/{player}.log",
    params:
        program=dag.engines.program_json,
        mirror=["--mirror", dag.run.settings.mirror] if dag.run.settings.mirror else [],
    message:
        "program {wildcards.player}"
    shell:
        "python -m retable program --device {wildcards.device:q} --player {wildcards.player:q}"
        " --program {params.program:q} {params.mirror:q} --output {output:q} --log {log:q}"
