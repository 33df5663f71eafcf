# in:  config/datasets/{set}.yaml: what it is drawn with, downloaded from, or found in
# out: data/sets/{set}/{split}.json, and index.json with the pictures it names in data/sets/{set}/{split}/
rule dataset:
    input:
        environment=dag.data.environment,
        sources=dag.code.of(
            "retable.steps.dataset", "retable_data.__main__", "retable_data.dataset"
        ),
        loader=dag.code.loader,
    output:
        "data/sets/{set}/{split}.json",
    log:
        "results/logs/dataset/{set}/{split}.log",
    params:
        set=dag.data.set_json,
        images=dag.data.images,
        folder=dag.data.own_folder,
        mirror=["--mirror", dag.run.settings.mirror] if dag.run.settings.mirror else [],
    message:
        "dataset {wildcards.set} {wildcards.split}"
    shell:
        "python -m retable dataset --set {params.set:q} --split {wildcards.split:q}"
        " {params.images:q} {params.folder:q} {params.mirror:q}"
        " --environment {input.environment:q} --output {output:q} --log {log:q}"
