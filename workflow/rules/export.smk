# in:  results/models/{model}/native.json
# out: results/models/{model}/{input}/none/fp32.json, and fp32.onnx beside it
rule export:
    input:
        native="results/models/{model}/native.json",
        environment=dag.models.environment,
        sources=dag.code.of(
            "retable.steps.export", "retable_export.__main__", "retable_export.export"
        ),
        exporter=dag.code.exporter,
    output:
        "results/models/{model}/{input}/none/fp32.json",
    log:
        "results/logs/export/{model}/{input}.log",
    params:
        network=dag.models.network,
    message:
        "export {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable export {params.network:q} --input {wildcards.input:q}"
        " --native {input.native:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
