"""The language as pydantic models, one noun a file. `mlops.schema.json` is generated from them."""
