# in:  data/sets/{set}/{split}.json
# out: results/inputs/{set}/{split}/{placement}/{input}.json, and the pictures in one array beside it
rule inputs:
    input:
        pictures="data/sets/{set}/{split}.json",
        environment=dag.data.environment,
        sources=dag.code.of(
            "retable.steps.inputs", "retable_data.__main__", "retable_data.inputs"
        ),
        geometry=dag.code.geometry,
    output:
        "results/inputs/{set}/{split}/{placement}/{input}.json",
    log:
        "results/logs/inputs/{set}/{split}/{placement}/{input}.log",
    params:
        geometry=dag.data.geometry,
    message:
        "inputs {wildcards.input} of {wildcards.set} {wildcards.split}"
    shell:
        "python -m retable inputs --pictures {input.pictures:q} {params.geometry:q}"
        " --input {wildcards.input:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
