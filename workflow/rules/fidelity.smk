# in:  a graph, results/models/{model}/{input}/{tail}/{precision}.json, and the framework's own output
# out: results/models/{model}/{input}/fidelity/{tail}/{precision}.json
rule fidelity:
    input:
        graph="results/models/{model}/{input}/{tail}/{precision}.json",
        plain="results/models/{model}/{input}/none/fp32.json",
        sample="results/models/{model}/{input}/sample.json",
        reference="results/models/{model}/{input}/reference.json",
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.fidelity",
            "retable_export.__main__",
            "retable_export.fidelity",
        ),
        tail=dag.code.tail,
    output:
        "results/models/{model}/{input}/fidelity/{tail}/{precision}.json",
    log:
        "results/logs/fidelity/{model}/{input}/{tail}/{precision}.log",
    message:
        "fidelity of {wildcards.tail} {wildcards.precision}, {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable fidelity --tail {wildcards.tail:q} --precision {wildcards.precision:q}"
        " --graph {input.graph:q} --plain {input.plain:q} --sample {input.sample:q}"
        " --reference {input.reference:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
