"""`mlopsc new`, `update` and `init`: repositories from templates, and a first spec for an existing one."""
