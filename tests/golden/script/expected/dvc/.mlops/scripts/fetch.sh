# The script of stage fetch, made by mlopsc from mlops.yaml: edit it there.
for part in $(seq "${parts}"); do
    echo "${train_lr} ${part}" >> raw.txt
done
