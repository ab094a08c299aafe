"""Facts about GNU Make 3.81, which macOS has, and later versions."""

from __future__ import annotations

TARGETS = frozenset("all help setup pipeline pipeline-parallel test check metrics plots push pull clean FORCE".split())
"""Targets of every Makefile that mlopsc writes."""

_MAKE = """
    MAKE MAKEFILES MAKEFILE_LIST MAKEFLAGS MAKECMDGOALS MAKELEVEL MAKEOVERRIDES MAKESHELL MAKE_COMMAND MAKE_HOST MAKE_RESTARTS
    MAKE_TERMERR MAKE_TERMOUT MAKE_VERSION MFLAGS CURDIR GNUMAKEFLAGS SUFFIXES VPATH
    define endef else endif export ifdef ifeq ifndef ifneq include load override private sinclude undefine unexport vpath
"""  # https://www.gnu.org/software/make/manual/html_node/Special-Variables.html; directives, which 3.81 does not take as names
_ENVIRONMENT = """
    CDPATH COLUMNS DISPLAY EDITOR ENV HISTFILE HOME HOSTNAME IFS LANG LANGUAGE LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY
    LC_NUMERIC LC_TIME LD_LIBRARY_PATH LD_PRELOAD LINENO LINES LOGNAME MAIL MANPATH NLSPATH OLDPWD OPTARG OPTERR OPTIND PAGER PATH
    PPID PS1 PS2 PS3 PS4 PWD PYTHONHOME PYTHONPATH RANDOM SECONDS SHELL SHLVL TERM TMPDIR TZ USER VIRTUAL_ENV VISUAL
"""  # https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html#tag_08_01, and what finds Python's packages
VARIABLES = frozenset(
    [*_MAKE.split(), *_ENVIRONMENT.split(), "DVC", "JOBS", "PIP", "REPRO_FLAGS", "RUN", "STATES", "empty"]
)
"""Variables that cannot hold a parameter: Make exports a variable that the environment has too, with its new value."""

MAX_PATHS = 100
"""How many paths one `rm` of `make clean` gets: Linux limits one argument of `sh -c` to 128 KiB."""

INSTALL = {
    "uv.lock": "uv sync --inexact $(if $(CI),--locked)",
    "requirements.lock": "@$(PIP) -r requirements.lock",
    "requirements.txt": "@$(PIP) -r requirements.txt",
    "pyproject.toml": "@$(PIP) -e .",
    "environment.yml": "conda env update --prefix .venv --file environment.yml",
}
"""How `make setup` installs the packages that a file names."""
