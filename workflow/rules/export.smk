# in:  results/models/{model}/native.json
# out: results/models/{model}/{input}/none/fp32.json, fp32.onnx beside it, and sample.npz above
rule export:
    input:
        model="config/models/{model}.yaml",
        native="results/models/{model}/native.json",
        environment=dag.model_environment,
        sources=dag.sources("retable.steps.export", "retable_export.__main__"),
        exporter=dag.exporter_sources,
    output:
        "results/models/{model}/{input}/none/fp32.json",
    log:
        "results/logs/export/{model}/{input}.log",
    params:
        seed=dag.settings.seed,
    message:
        "export {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable export --model {input.model:q} --native {input.native:q}"
        " --input {wildcards.input:q} --seed {params.seed:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
