# in:  results/models/{model}/native.json, and every graph made of it for one input
# out: results/models/{model}/{input}/fidelity.json
rule fidelity:
    input:
        model="config/models/{model}.yaml",
        native="results/models/{model}/native.json",
        graphs=dag.graphs,
        environment=dag.model_environment,
        sources=dag.sources("retable.steps.fidelity", "retable_export.__main__"),
        plugins=dag.fidelity_sources,
    output:
        "results/models/{model}/{input}/fidelity.json",
    log:
        "results/logs/fidelity/{model}/{input}.log",
    message:
        "fidelity of {wildcards.model} {wildcards.input}"
    shell:
        "python -m retable fidelity --model {input.model:q} --native {input.native:q}"
        " --input {wildcards.input:q} --graphs {input.graphs:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
