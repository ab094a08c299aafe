"""The PipelineSpec of Kubeflow Pipelines, which Vertex AI runs too: a task for each stage.

Facts: https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/compile-a-pipeline/ and the schema
https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""
