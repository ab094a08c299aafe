"""One emitter for each format that is data, one escaper for each format that is text."""
