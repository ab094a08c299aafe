"""Fill and update templates by Copier, https://copier.readthedocs.io. The only module that imports it.

A template runs no code: Copier refuses tasks, migrations and Jinja extensions of sources that the user has not trusted in
Copier's own settings, and mlopsc never turns that off.
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
"""The file in which Copier records the template of a repository and the answers."""


def copy(source: str, to: str, data: Mapping[str, Any], library: Library, ref: str | None = None) -> None:
    """Fill the template ``source`` (a URL, path, or `mlopsc://NAME.git`) into the empty directory ``to``."""
    with _copier(library, source):
        from copier import run_copy

        run_copy(source, to, dict(data), vcs_ref=ref, defaults=True, overwrite=True, quiet=True)


def update(root: str, source: str, data: Mapping[str, Any], library: Library, ref: str | None = None) -> None:
    """Merge a later version of its template into the repository, with Git's conflict markers where both changed."""
    with _copier(library, source):
        from copier import run_update

        run_update(
            root, dict(data), vcs_ref=ref, defaults=True, overwrite=True, quiet=True, skip_answered=True,
            conflict="inline",
        )  # fmt: skip


@contextmanager
def _copier(library: Library, source: str) -> Iterator[None]:
    """Run Copier with a temporary cache and with Git configured for `mlopsc://`; raise its errors as `Refusal`."""
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
        environment = _git_environment(
            (f"url.{place}/.insteadOf", SCHEME),
            ("core.hooksPath", os.devnull),
            ("core.autocrlf", "false"),
            ("protocol.ext.allow", "never"),
        )
        before = os.environ.get("COPIER_CACHE_DIR")
        os.environ["COPIER_CACHE_DIR"] = f"{place}/.cache"
        try:
            with local.env(**environment):
                yield
        except UnsafeTemplateError as error:
            raise Refusal(
                f"the template runs code of its own: {_line(error)}",
                "read that code; if you trust it, add the template's URL to `trust` in Copier's settings "
                "(https://copier.readthedocs.io/en/stable/settings/)",
                misuse=False,
            ) from error
        except TaskError as error:
            raise Refusal(f"a task of the template failed: {_line(error)}", misuse=False) from error
        except ProcessExecutionError as error:
            output = (error.stderr or error.stdout or "").strip().splitlines()
            raise Refusal(
                f"git could not read the template: {output[-1] if output else _line(error)}",
                "check the URL and your access to it", misuse=False,
            ) from error  # fmt: skip
        except (CopierError, ValueError, copier.errors.UserMessageError) as error:
            raise Refusal(f"the template cannot be filled: {_line(error)}", misuse=False) from error
        except Exception as error:  # errors in the Jinja or YAML of a template
            if type(error).__module__.partition(".")[0] not in ("jinja2", "yaml", "pydantic", "pydantic_core"):
                raise
            raise Refusal(f"the template is broken: {_line(error)}", misuse=False) from error
        finally:
            if before is None:
                del os.environ["COPIER_CACHE_DIR"]
            else:
                os.environ["COPIER_CACHE_DIR"] = before


def _git_environment(*pairs: tuple[str, str]) -> dict[str, str]:
    """Git settings as environment variables, after the existing ones: https://git-scm.com/docs/git-config"""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdigit() else 0
    environment = {"GIT_CONFIG_COUNT": str(first + len(pairs)), "GIT_TERMINAL_PROMPT": "0"}
    for number, (key, value) in enumerate(pairs, start=first):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
