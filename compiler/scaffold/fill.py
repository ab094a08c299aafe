"""Copier, which fills a template and merges versions: https://copier.readthedocs.io. The only place that imports it.

A template never runs code here: Copier refuses tasks, migrations and Jinja extensions of a source that the user has not
trusted in Copier's own settings, and we never switch that off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..write.signals import scratch
from .library import SCHEME, Library
from .refusal import Refusal

ANSWERS = ".copier-answers.yml"
"""Where Copier keeps where a repository comes from, and what was answered."""


def copy(source: str, to: str, data: Mapping[str, Any], library: Library, ref: str | None = None) -> None:
    """Fill the template ``source`` (a URL, path, or `mlopsc://NAME.git`) into the empty directory ``to``."""
    with _copier(library, source):
        from copier import run_copy

        run_copy(source, to, dict(data), vcs_ref=ref, defaults=True, overwrite=True, quiet=True)


def update(root: str, source: str, data: Mapping[str, Any], library: Library, ref: str | None = None) -> None:
    """Merge a later version of its template into the repository, with Git's conflict marks where both changed."""
    with _copier(library, source):
        from copier import run_update

        run_update(
            root, dict(data), vcs_ref=ref, defaults=True, overwrite=True, quiet=True, skip_answered=True,
            conflict="inline",
        )  # fmt: skip


@contextmanager
def _copier(library: Library, source: str) -> Iterator[None]:
    """Copier with its errors as ours, its cache out of the way, and Git knowing where `mlopsc://` is."""
    try:
        import copier
        from copier.errors import CopierError, TaskError, UnsafeTemplateError
        from plumbum import local
        from plumbum.commands.processes import ProcessExecutionError
    except ImportError as error:
        raise Refusal(
            "templates need Copier, which is not installed", "pip install 'mlopsc[new]'", misuse=False
        ) from error
    import warnings

    with scratch("mlopsc-templates-") as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library.repository(source, place)
        settings = _git_settings(
            (f"url.{place}/.insteadOf", SCHEME),
            ("core.hooksPath", os.devnull),
            ("core.autocrlf", "false"),
            ("protocol.ext.allow", "never"),
        )
        before = os.environ.get("COPIER_CACHE_DIR")
        os.environ["COPIER_CACHE_DIR"] = f"{place}/.cache"
        try:
            with local.env(**settings):
                yield
        except UnsafeTemplateError as error:
            raise Refusal(
                f"the template wants to run code of its own: {_line(error)}",
                "read it; if you trust it, add its address to `trust` in Copier's settings "
                "(https://copier.readthedocs.io/en/stable/settings/)",
                misuse=False,
            ) from error
        except TaskError as error:
            raise Refusal(f"a task of the template failed: {_line(error)}", misuse=False) from error
        except ProcessExecutionError as error:
            said = (error.stderr or error.stdout or "").strip().splitlines()
            raise Refusal(
                f"git could not read the template: {said[-1] if said else _line(error)}",
                "is the address right, and may you read it?", misuse=False,
            ) from error  # fmt: skip
        except (CopierError, ValueError, copier.errors.UserMessageError) as error:
            raise Refusal(f"the template cannot be filled: {_line(error)}", misuse=False) from error
        except Exception as error:  # Jinja and YAML of a template fail with errors of their own
            if type(error).__module__.partition(".")[0] not in ("jinja2", "yaml", "pydantic", "pydantic_core"):
                raise
            raise Refusal(f"the template is broken: {_line(error)}", misuse=False) from error
        finally:
            if before is None:
                del os.environ["COPIER_CACHE_DIR"]
            else:
                os.environ["COPIER_CACHE_DIR"] = before


def _git_settings(*pairs: tuple[str, str]) -> dict[str, str]:
    """Settings of Git as environment, behind those that the environment has: https://git-scm.com/docs/git-config"""
    said = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(said) if said.isdigit() else 0
    settings = {"GIT_CONFIG_COUNT": str(first + len(pairs)), "GIT_TERMINAL_PROMPT": "0"}
    for number, (key, value) in enumerate(pairs, start=first):
        settings |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return settings


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
