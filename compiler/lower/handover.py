"""How tasks on separate machines pass on results: through DVC's run cache, on a DVC remote."""

from __future__ import annotations

from ..model.project import Project


def lacking(project: Project) -> tuple[str, str] | None:
    """What a project lacks for tasks to pass on results, and the remedy; None if it lacks nothing."""
    if not project.uses_dvc:
        problem = "tasks run their stages with DVC, and `stack.orchestrator` does not name it"
        return problem, f"write `orchestrator: [{', '.join(['dvc', *project.orchestrators])}]`"
    if project.remote_url is None:
        problem = "tasks pass on results through a DVC remote, and there is none"
        return problem, "name one: `stack: {registry: s3://BUCKET/PATH}`"
    if project.remote_url.startswith(("http://", "https://")):
        problem = f"tasks pass on results through the run cache, which DVC does not support on HTTP remotes: `{project.remote_url}`"
        return problem, "use a remote on S3, GS, Azure, SSH, or a folder that all machines share"
    return None
