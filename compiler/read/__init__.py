"""From bytes to a typed spec: one YAML reader, `extends`, parameter files, validation against the models."""
