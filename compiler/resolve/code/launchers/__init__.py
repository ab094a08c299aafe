"""Programs that run code, as data: a table for each family of programs."""
