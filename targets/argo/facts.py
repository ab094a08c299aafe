"""Facts about Argo Workflows."""

from __future__ import annotations

API = "argoproj.io/v1alpha1"

MAX_NAME = 52
"""Of a CronWorkflow, which gets eleven characters appended: https://argo-workflows.readthedocs.io/en/latest/cron-workflows/
A workflow, of at most 63, is named after its template with six characters appended."""

MAX_TASK = 128
"""Of tasks and templates: letters, digits and dashes; no digit first, as other tasks refer to them. Source: Argo's
`pkg/apis/workflow/v1alpha1/validation_utils.go` and `workflow/validate/validate.go`."""

EXPRESSION_WORDS = ("and", "contains", "else", "false", "if", "in", "let", "matches", "nil", "not", "or", "true")
"""Keywords of the language in which Argo evaluates dependencies: https://expr-lang.org/docs/language-definition"""
