"""Execution algorithms that the engine runs: TWAP, iceberg and scaled orders."""
