"""Writing: the plan of a build, the journal that applies it, and the lock that records the written files."""
