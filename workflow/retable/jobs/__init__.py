"""The jobs that the in-environment packages take: one module a verb."""
