"""Conventions: fill in what the spec leaves out, and record where each value comes from."""
