#!/bin/sh
# container.sh [OPTION...] IMAGE [COMMAND [ARG...]]: run a command in a container, in the same folder, as the same user.
# Without a command the image is only fetched. Where a task of an engine runs in the image already (MLOPS_IMAGE), the
# command runs as it is.
#   --with RUNTIME   podman, docker or apptainer (default the first of them that is installed)
#   --env NAMES      the environment variables that the command gets, separated by commas; beside those, it gets the secrets
#                    whose names are in .mlops/secrets.txt, where they are set
#   --gpus NUMBER    how many GPUs it gets; those in CUDA_VISIBLE_DEVICES, if that is set
#   --shm SIZE       the size of /dev/shm
#   --offline        without a network
# MLOPS_CONTAINER_RUNTIME chooses the runtime on this machine; MLOPS_CONTAINER_MOUNTS lists more folders to mount, separated
# by colons: a DVC cache outside of the repository, for example.
set -eu
runtime=${MLOPS_CONTAINER_RUNTIME:-} names='' gpus=0 shm='' offline=''
while :; do
    case $1 in
    --with) runtime=${runtime:-$2} && shift 2 ;;
    --env) names=$2 && shift 2 ;;
    --gpus) gpus=$2 && shift 2 ;;
    --shm) shm=$2 && shift 2 ;;
    --offline) offline=yes && shift ;;
    *) break ;;
    esac
done
image=$1
shift
if [ "${MLOPS_IMAGE:-}" = "$image" ]; then
    [ $# -gt 0 ] || exit 0
    exec "$@"
fi
for candidate in podman docker apptainer; do
    [ -n "$runtime" ] || ! command -v "$candidate" >/dev/null || runtime=$candidate
done
[ -n "$runtime" ] || {
    echo "container.sh: $image needs podman, docker or apptainer, and none of them is installed" >&2
    exit 127
}
command -v "$runtime" >/dev/null || {
    echo "container.sh: $runtime is not installed" >&2
    exit 127
}
if [ $# -eq 0 ]; then
    if [ "$runtime" = apptainer ]; then
        case $image in *.sif) exit 0 ;; *) exec apptainer exec "docker://$image" true ;; esac
    fi
    "$runtime" image inspect "$image" >/dev/null 2>&1 || "$runtime" pull "$image"
    case $image in
    *@sha256:*) ;;
    *)
        digest=$("$runtime" image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" | head -n 1)
        [ -z "$digest" ] || echo "container.sh: the digest of $image is $digest"
        ;;
    esac
    exit 0
fi
here=$(cd "$(dirname "$0")/../.." && pwd -P)
top=$(git -C "$here" rev-parse --show-toplevel 2>/dev/null) || top=$here
folder=$(pwd -P)
name=mlops-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
# The arguments are put before those of the command, last first.
if [ "$runtime" = apptainer ]; then
    case $image in *.sif) ;; *) image=docker://$image ;; esac
    set -- "$image" "$@"
    [ -z "$offline" ] || set -- --net --network none "$@"
    [ "$gpus" -eq 0 ] || set -- --nv "$@"
    while read -r mount; do set -- --bind "$mount" "$@"; done <<EOF_MOUNTS
$(printf '%s\n' "$top" "${MLOPS_CONTAINER_MOUNTS:-}" | tr ':' '\n' | sed '/^$/d')
EOF_MOUNTS
    set -- exec --pwd "$folder" "$@"
else
    set -- --entrypoint '' "$image" "$@"
    for variable in $(echo "$names" | tr ',' ' ') $(cat "$here/.mlops/secrets.txt" 2>/dev/null); do set -- --env "$variable" "$@"; done
    [ -z "$shm" ] || set -- --shm-size "$shm" "$@"
    [ -z "$offline" ] || set -- --network none "$@"
    while read -r mount; do set -- --volume "$mount:$mount" "$@"; done <<EOF_MOUNTS
$(printf '%s\n' "$top" "${MLOPS_CONTAINER_MOUNTS:-}" | tr ':' '\n' | sed '/^$/d')
EOF_MOUNTS
    if [ "$gpus" -gt 0 ]; then
        devices=${CUDA_VISIBLE_DEVICES:-}
        if [ "$runtime" = podman ]; then
            for device in $(echo "${devices:-all}" | tr ',' ' '); do set -- --device "nvidia.com/gpu=$device" "$@"; done
        else
            set -- --gpus "${devices:+\"device=}${devices:-$gpus}${devices:+\"}" "$@"
        fi
    fi
    if [ "$runtime" = podman ] && [ "$(id -u)" -ne 0 ]; then
        set -- --userns keep-id --security-opt label=disable "$@"
    elif [ "$runtime" = podman ]; then
        set -- --security-opt label=disable "$@"
    fi
    [ "$runtime" = podman ] || set -- --init "$@"
    set -- run --rm --name "$name" --user "$(id -u):$(id -g)" --env HOME=/tmp --workdir "$folder" "$@"
fi
# A container goes on after its client has been killed, so it is stopped by name.
stop() {
    trap '' TERM INT HUP
    if [ "$runtime" = apptainer ]; then
        kill "$child" 2>/dev/null || true
    else
        "$runtime" kill "$name" >/dev/null 2>&1 || true
    fi
    wait "$child" || true
    exit 143
}
trap stop TERM INT HUP
"$runtime" "$@" &
child=$!
status=0
wait "$child" || status=$?
exit "$status"
