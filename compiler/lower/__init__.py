"""From the resolved spec to the project: templates and `foreach` expanded, paths from the root, defaults filled in."""
