"""The syntax of the POSIX shell, as far as it tells which programs a text runs."""
