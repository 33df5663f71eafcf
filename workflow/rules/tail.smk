# in:  results/models/{model}/{input}/none/fp32.json
# out: results/models/{model}/{input}/{tail}/fp32.json, and fp32.onnx beside it
rule tail:
    input:
        graph="results/models/{model}/{input}/none/fp32.json",
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.tail", "retable_export.__main__", "retable_export.tail"
        ),
        tail=dag.code.tail,
    output:
        "results/models/{model}/{input}/{tail}/fp32.json",
    log:
        "results/logs/tail/{model}/{input}/{tail}.log",
    wildcard_constraints:
        tail="(?!none/)[a-z0-9_]+",
    message:
        "tail {wildcards.tail} of {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable tail --tail {wildcards.tail:q} --graph {input.graph:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
