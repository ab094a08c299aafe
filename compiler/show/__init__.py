"""What people look at: explanations, pictures, support tables, and the renderers of diagnostics."""
