"""Programs that run no code of the repository."""

from __future__ import annotations

from .launcher import NOTHING, Launcher

INERT: dict[str, Launcher] = dict.fromkeys(
    (
        "cat cp mv rm ls echo printf mkdir rmdir touch test [ [[ true false : git dvc pip pip3 wget curl tar unzip zip gzip"
        " gunzip bzip2 xz zstd 7z head tail wc sort uniq cut paste join tr tee diff cmp comm find chmod chown ln md5sum sha1sum"
        " sha256sum date sleep which type whereis grep egrep fgrep rg zgrep zcat split csplit tac rev nl od xxd file stat du df"
        " basename dirname readlink realpath pwd seq yes kill wait trap exit return unset ulimit umask ruff black isort flake8"
        " pylint mypy pyright pyflakes bandit pre-commit shellcheck shfmt nbstripout nbqa autopep8 yapf pyupgrade vulture"
        " pydocstyle sphinx-build mkdocs twine build tox nox apt apt-get brew npm yarn pnpm gto cml mlflow wandb huggingface-cli"
        " rsync scp sftp s3cmd gsutil rclone kaggle open xdg-open less more vim nano code column envsubst patch"
        " local declare typeset readonly let printenv hostname uname whoami id groups module ml spack mktemp install"
        " bq psc alias unalias hash history jobs fg bg disown shopt setopt cloc radon tokei cython-lint latexmk pdflatex"
        " xelatex lualatex bibtex biber pandoc dot convert magick ffmpeg gifsicle inkscape clear reset tput"
    ).split(),
    NOTHING,
)
"""Programs that run no code of the repository, by name."""
