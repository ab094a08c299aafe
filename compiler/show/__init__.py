"""Output for people and programs: explanations, graphs, support tables, diagnostics."""
