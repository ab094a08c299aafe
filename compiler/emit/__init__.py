"""One emitter, and with it one escaper, for each format that is written."""
