# in:  results/{device}/comparisons/{suite}.json
# out: results/{device}/reports/{suite}.md with its plots, and results/{device}/report.md, the index
rule report:
    input:
        comparison="results/{device}/comparisons/{suite}.json",
        template="workflow/templates/suite.md.j2",
        sources=dag.code.of("retable.steps.report"),
    output:
        page="results/{device}/reports/{suite}.md",
    log:
        "results/logs/report/{device}/{suite}.log",
    message:
        "report {wildcards.suite}"
    shell:
        "python -m retable report --comparison {input.comparison:q} --template {input.template:q}"
        " --output {output.page:q} --log {log:q}"


rule index:
    input:
        pages=dag.pages.reports(),
        comparisons=dag.pages.comparisons(),
        template="workflow/templates/index.md.j2",
        sources=dag.code.of("retable.steps.index"),
    output:
        "results/{device}/report.md",
    log:
        "results/logs/index/{device}.log",
    params:
        suites=sorted(dag.run.configuration.suites),
    message:
        "index of {wildcards.device}"
    shell:
        "python -m retable index --comparisons {input.comparisons:q} --suites {params.suites:q}"
        " --template {input.template:q} --output {output:q} --log {log:q}"
