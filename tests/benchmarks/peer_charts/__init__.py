"""Charts of other projects, each run in its own environment by ``tests.benchmarks.peers``."""
