"""Facts that hold for tasks on every engine."""

from __future__ import annotations

IMAGE = "python:3.12"
"""The image of a stage that names none. It has Git; `task.variables` installs the rest. https://hub.docker.com/_/python"""

GRACE = 3600
"""Seconds added to the timeout of a stage's command, for the clone and for moving data."""
