"""The disk: the plan of a build, the journal that carries it out, and the record of what was written."""
