"""What the targets for engines share: a task is the worker (docs/engines/worker.md), on a machine or in a container of its own.

A task gets the stage, the repository with its commit, and the parameters. A fact about the worker belongs here; a fact about
one engine belongs in the folder of that engine.
"""
