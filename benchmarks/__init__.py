"""Benchmarks: how fast the facade is beside its peers, how its cost grows, and what it survives.

`python -m benchmarks` compares, `python -m benchmarks.soak` soaks; `benchmarks/setup` installs
the peers. Nothing here is needed to serve or to test.
"""
