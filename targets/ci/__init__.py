"""What every CI service runs: one text of each step, so that a pipeline does the same wherever it runs."""
