"""The language server for mlops.yaml: `mlopsc lsp`. Only `server` and what answers requests import pygls and lsprotocol."""
