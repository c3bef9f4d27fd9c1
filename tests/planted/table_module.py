"""A module with a large table, as libraries have them: it is built when it is imported."""

TABLE = [f"row {number}" for number in range(120_000)]
