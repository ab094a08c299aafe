"""The code that a stage depends on, found by reading it and never by running it."""
