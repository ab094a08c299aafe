"""New repositories from templates, and what keeps them up to date: `mlopsc new`, `mlopsc update`, `mlopsc init`."""
