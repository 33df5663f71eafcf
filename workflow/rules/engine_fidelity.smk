# in:  results/{device}/outputs/{block}/{case}.json, the graph it is of, and the framework's output
# out: results/{device}/fidelity/{block}/{case}.json
rule engine_fidelity:
    input:
        outputs="results/{device}/outputs/{block}/{case}.json",
        graphs=dag.cases.graphs,
        sample=dag.cases.sample,
        reference=dag.cases.reference,
        environment=dag.cases.model_environment,
        sources=dag.code.of(
            "retable.steps.engine_fidelity",
            "retable_export.__main__",
            "retable_export.fidelity",
        ),
        tail=dag.code.case_tail,
    output:
        "results/{device}/fidelity/{block}/{case}.json",
    log:
        "results/logs/engine_fidelity/{device}/{block}/{case}.log",
    params:
        graph=dag.cases.graph_options,
    message:
        "fidelity of {wildcards.case}, {wildcards.block}"
    shell:
        "python -m retable engine_fidelity {params.graph:q} --outputs {input.outputs:q}"
        " --sample {input.sample:q} --reference {input.reference:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
