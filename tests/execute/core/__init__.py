"""graphql-core's own tests of the execution, run with our executor in place of its own.

`python -m tests.execute.core` runs them and shows pytest's output; `--help` says how to choose.
"""
