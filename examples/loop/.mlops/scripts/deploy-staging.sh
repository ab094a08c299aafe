#!/bin/sh
# Made by mlopsc from mlops.yaml: edit that. deploy-staging.sh [VERSION | newest | previous | promote]
environment=staging model=shop MODEL_PATH=models/train
paths=models/train target=train before=''
judge() { python "$repository/.mlops/scripts/gate.py" metrics/evaluate.json -- 'accuracy >= 0.9'; }
run() ( export PORT=8765; exec sh -c 'sh serve.sh' )
. ./.mlops/scripts/deploy.sh
