"""The language: pydantic models, one noun a file. `mlops.schema.json` is made from them."""
