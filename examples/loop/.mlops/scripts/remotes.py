# Made by mlopsc: the remotes of the project in this folder. It needs DVC, whose own list breaks long lines.
"""remotes.py: print `NAME URL` for each remote; the path of a folder is absolute."""

from dvc.config import Config

for name, remote in Config.from_cwd().get("remote", {}).items():
    print(name, remote["url"])
