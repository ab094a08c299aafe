"""The cases are data: nothing in them is a test of ours."""

collect_ignore_glob = ["*/*"]
