"""Log the files that Python opens: `mlopsc trace` runs a stage with this file as `sitecustomize.py` on PYTHONPATH.

Each line of the file $MLOPSC_TRACE is `r PATH`, `w PATH`, or `l PATH` for a folder that is listed.
"""

import sys


def _log(event, args):
    if args[0] is None or isinstance(args[0], (str, bytes)):
        import os

        name = os.fsdecode(args[0] or ".")
        flags = args[2] if event == "open" and isinstance(args[2], int) else 0
        written = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        use = "l " if event != "open" else "w " if written else "r "
        line = use + os.path.abspath(name) + "\n"
        log = os.open(os.environ["MLOPSC_TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(log, line.encode("utf-8", "surrogateescape"))
        os.close(log)


_active = []  # writing the log opens a file too


def _hook(event, args):
    if event in ("open", "os.listdir", "os.scandir") and not _active:
        _active.append(1)
        try:
            _log(event, args)
        finally:
            _active.pop()


sys.addaudithook(_hook)
