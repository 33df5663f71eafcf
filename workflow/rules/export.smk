# in:  results/models/{model}/native.json
# out: results/models/{model}/{input}/none/fp32.json, and fp32.onnx beside it
rule export:
    input:
        native="results/models/{model}/native.json",
        environment=dag.model_environment,
        sources=dag.sources(
            "retable.steps.export", "retable_export.__main__", "retable_export.export"
        ),
        exporter=dag.exporter_sources,
    output:
        "results/models/{model}/{input}/none/fp32.json",
    log:
        "results/logs/export/{model}/{input}.log",
    params:
        network=dag.network,
    message:
        "export {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable export {params.network:q} --input {wildcards.input:q}"
        " --native {input.native:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
