# Made by mlopsc. Deploys one version of a model; deploy-ENVIRONMENT.sh sets what is particular and reads this.
#
# The commit that bears the version's tag is checked out into a folder of its own, DVC restores that commit's model there,
# gates judge its metrics, and the project's command runs. Only when that has ended well does GTO's tag
# MODEL#ENVIRONMENT#N say that this version is in the environment: the tags are the record of all deployments.
set -eu
wanted=${1:-newest}
repository=$(pwd)
fail() {
    echo "deploy.sh: $*" >&2
    exit 1
}
# The versions that were in this environment, oldest first.
history() {
    git tag --list "$model#$environment#*" | sed 's/.*#//' | sort -n | while read -r number; do
        git tag --points-at "$model#$environment#$number^{}" --list "$model@*" --sort=version:refname | tail -n 1
    done | sed "s/^.*@//"
}
case $wanted in
newest) version=$(git tag --list "$model@*" --sort=-version:refname | head -n 1 | sed 's/^.*@//') ;;
previous)
    now=$(history | tail -n 1)
    version=$(history | grep -vxF -- "$now" | tail -n 1) || fail "$environment had no version before ${now:-now}"
    ;;
*) version=${wanted#"$model@"} ;;
esac
[ -n "$version" ] || fail "no version of $model is registered: run make register-$model first"
tag=$model@$version
commit=$(git rev-parse --verify --quiet "refs/tags/$tag^{commit}") || fail "there is no tag $tag here (git fetch --tags?)"
echo "deploying $tag ($commit) to $environment"

folder=$repository/.mlops/state/deploy/$environment/$version
mkdir -p "$repository/.mlops/state"
[ -f "$repository/.mlops/state/.gitignore" ] || echo '*' > "$repository/.mlops/state/.gitignore"
git worktree prune
if [ -e "$folder/.git" ]; then
    git -C "$folder" checkout --quiet --force --detach "$commit"
else
    rm -rf "$folder"
    git worktree add --quiet --force --detach "$folder" "$commit"
fi
cd "$folder"
[ ! -f "$repository/.dvc/config.local" ] || cp "$repository/.dvc/config.local" .dvc/config.local
dvc config --local cache.dir "$repository/.dvc/cache"
remotes=$(dvc remote list)
if [ -n "$remotes" ]; then
    # A remote that bears the environment's name is that environment's own.
    own=$(printf '%s\n' "$remotes" | cut -f 1 | grep -xF -- "$environment" || true)
    dvc pull --quiet --force ${own:+--remote "$own"} $paths || fail "the remote has not all of $tag: $paths"
else
    dvc checkout --quiet --force $paths || fail "no remote is configured, and the cache here has not all of $tag: $paths"
fi
[ -e "$MODEL_PATH" ] || fail "$MODEL_PATH is not there at $tag"
judge

DEPLOY_ENVIRONMENT=$environment MODEL=$model MODEL_VERSION=$version MODEL_COMMIT=$commit
export DEPLOY_ENVIRONMENT MODEL MODEL_PATH MODEL_VERSION MODEL_COMMIT
run || fail "the command failed: $environment is not recorded as having $version"

cd "$repository"
if [ "$(history | tail -n 1)" != "$version" ]; then
    number=$(git tag --list "$model#$environment#*" | sed 's/.*#//' | sort -n | tail -n 1)
    git -c "user.name=$(git config user.name || echo deploy)" -c "user.email=$(git config user.email || echo deploy@localhost)" \
        tag --annotate --message "$tag is in $environment" "$model#$environment#$((${number:-0} + 1))" "$commit"
fi
if [ "${MLOPS_PUSH:-yes}" != no ] && git remote get-url origin >/dev/null 2>&1; then
    git push --quiet origin "$(git tag --list "$model#$environment#*" --sort=version:refname | tail -n 1)"
fi
echo "$environment has $tag"
