# in:  data/published/{suite}.csv, a suite's sessions and scores, the fidelity of its graphs
# out: results/{device}/comparisons/{suite}.json: every cell and claim, measured beside published
rule compare:
    input:
        suite="config/suites/{suite}.yaml",
        published="data/published/{suite}.csv",
        device="config/devices/{device}.yaml",
        models=dag.pages.model_files,
        datasets=dag.pages.dataset_files,
        timings=dag.pages.timings,
        scores=dag.pages.scores,
        fidelities=dag.pages.fidelities,
        engine_fidelities=dag.pages.engine_fidelities,
        natives=dag.pages.natives,
        exports=dag.pages.exports,
        environments=dag.pages.environments,
        sources=dag.code.of("retable.steps.compare"),
    output:
        "results/{device}/comparisons/{suite}.json",
    log:
        "results/logs/compare/{device}/{suite}.log",
    params:
        settings=dag.pages.settings_json(),
    message:
        "compare {wildcards.suite}"
    shell:
        "python -m retable compare --suite {wildcards.suite:q} --device {wildcards.device:q}"
        " --settings {params.settings:q}"
        " --timings {input.timings:q} --scores {input.scores:q} --fidelities {input.fidelities:q}"
        " --engine_fidelities {input.engine_fidelities:q}"
        " --natives {input.natives:q} --exports {input.exports:q}"
        " --environments {input.environments:q}"
        " --output {output:q} --log {log:q}"
