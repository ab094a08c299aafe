"""`mlopsc import`, `tidy` and `trace`: adopt an existing DVC repository, and verify that nothing changes."""
