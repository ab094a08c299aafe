# Made by mlopsc. Deploys one version of a model; deploy-ENVIRONMENT.sh sets what is particular and reads this.
#
# The commit that bears the version's tag is checked out into a folder of its own, DVC restores that commit's model there,
# its hash is compared, gates judge its metrics, and the project's command runs. Only when that has ended well does GTO's
# tag MODEL#ENVIRONMENT#N say that this version is in the environment: the tags are the record of all deployments. Their
# text has the version, the commit, the hashes of the model, who deployed it when, and the run of CI.
#
# An assignment of GTO or Studio, the tag MODEL#ENVIRONMENT or MODEL#ENVIRONMENT#N with another text, asks for a deployment: of
# the version that its commit bears. `promote` makes such a tag for the version that another environment has.
#
# One deployment to an environment at a time: others wait. What is killed half-way can be started again.
set -eu
wanted=${1:-newest}
repository=$(pwd -P)
# The project may lie in a folder of the Git repository, and DVC's own folder there or above. GTO's tags name that folder.
prefix=$(git rev-parse --show-prefix)
prefix=${prefix%/}
registered=${prefix:+$prefix=}$model
dvc_root=$repository
while [ ! -d "$dvc_root/.dvc" ] && [ ! -e "$dvc_root/.git" ] && [ "$dvc_root" != / ]; do dvc_root=$(dirname "$dvc_root"); done
[ -d "$dvc_root/.dvc" ] || dvc_root=$repository
fail() {
    echo "deploy.sh: $*" >&2
    exit 1
}
# The registered versions, oldest first: a release behind its candidates, and none that GTO took back (MODEL@VERSION!).
versions() {
    git -c versionsort.suffix=- tag --list "$registered@v[0-9]*" --sort=version:refname | sed 's/^.*@//' | while read -r each; do
        case $each in *!) continue ;; esac
        git rev-parse --verify --quiet "refs/tags/$registered@$each!" >/dev/null || echo "$each"
    done
}
# The version that the record of a deployment is of; nothing if the tag is no record, but an assignment of GTO or Studio.
recorded() {
    text=$(git for-each-ref --format='%(if:equals=tag)%(objecttype)%(then)%(contents)%(end)' "refs/tags/$1")
    where=${1#"$registered#"}
    first=$(printf '%s\n' "$text" | sed -n 1p)
    case $first in "$registered@"*" is in ${where%#*}") ;; *) return ;; esac
    first=${first#"$registered@"}
    echo "${first%" is in ${where%#*}"}"
}
# The deployments to the environments that a pattern names, oldest first: TAG VERSION COMMIT.
history() {
    git for-each-ref --format='%(refname:strip=2)' "refs/tags/$registered#$1#*" | sed -n 's/.*#\([0-9]*\)$/\1 &/p' | sort -n | while read -r number record; do
        at=$(git rev-parse --verify --quiet "refs/tags/$record^{commit}") || continue
        each=$(recorded "$record")
        [ -z "$each" ] || echo "$record $each $at"
    done
}
numbers() { git tag --list "$registered#$environment#*" | sed -n 's/.*#\([0-9]*\)$/\1/p' | sort -n; }
fetch() { git fetch --quiet --tags origin "$@"; }
shared() { [ "${MLOPS_PUSH:-yes}" != no ] && git remote get-url origin >/dev/null 2>&1; }

state=$repository/.mlops/state
mkdir -p "$state"
[ -f "$state/.gitignore" ] || echo '*' > "$state/.gitignore"
exec 9> "$state/deploy-$environment.lock"
python -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' || fail "the lock $state/deploy-$environment.lock cannot be had"
if shared && ! fetch; then
    echo "deploy.sh: the tags of origin could not all be had; going by those that are here" >&2
fi
now=$(history "$environment" | tail -n 1 | cut -d ' ' -f 2)
# The registered version that an assignment is for: the one that its text names, else the newest that its commit bears.
assigned() {
    at=$(git rev-parse --verify --quiet "refs/tags/$1^{commit}") || return 0
    versions | while read -r each; do
        [ "$(git rev-parse --verify --quiet "refs/tags/$registered@$each^{commit}")" != "$at" ] || echo "$each"
    done > "$state/assigned-$environment"
    words=$(git for-each-ref --format='%(contents)' "refs/tags/$1" | tr -c '0-9A-Za-z.+-' '\n')
    printf '%s\n' "$words" | grep -xF -f "$state/assigned-$environment" | tail -n 1 | grep . || tail -n 1 "$state/assigned-$environment"
}
case $wanted in
"$registered#$environment" | "$registered#$environment#"*)
    case ${wanted#"$registered#$environment"} in *[!0-9#]*) fail "$wanted is no assignment" ;; esac
    git rev-parse --verify --quiet "refs/tags/$wanted" >/dev/null || fail "there is no tag $wanted here (git fetch --tags?)"
    if [ -n "$(recorded "$wanted")" ]; then
        echo "$wanted records a deployment: there is nothing to do"
        exit 0
    fi
    version=$(assigned "$wanted")
    [ -n "$version" ] || fail "$wanted assigns a commit that has no registered version of $model: register it first"
    ;;
promote | promote-here)
    version=$(history "$before" | tail -n 1 | cut -d ' ' -f 2)
    [ -n "$version" ] || fail "$before has no version of $model: deploy one there first"
    [ "$version" != "$now" ] || { echo "$environment has $registered@$version already"; exit 0; }
    ;;
newest) version=$(versions | tail -n 1) ;;
previous)
    version=$(history "$environment" | awk -v now="$now" '$2 != now { last = $2 } END { print last }')
    [ -n "$version" ] || fail "$environment had no version before ${now:-now}"
    ;;
*) version=${wanted#"$registered@"} ;;
esac
[ -n "$version" ] || fail "no version of $model is registered: run make register-$model first"
tag=$registered@$version
# Only an exact version: Git would accept `v1.0.0^0` or `v1.0.0~1`, too.
case $version in *[!0-9A-Za-z.+-]*) fail "$version is not a registered version of $model" ;; esac
versions | grep -qxF -e "$version" || fail "$version is not a registered version of $model (git fetch --tags?)"
commit=$(git rev-parse --verify --quiet "refs/tags/$tag^{commit}") || fail "there is no tag $tag here (git fetch --tags?)"
# A version is one commit for good: what was deployed as this version before, to any environment, was the same.
moved=$(history '*' | awk -v version="$version" -v commit="$commit" '$2 == version && $3 != commit { print $1, $3; exit }')
[ -z "$moved" ] || fail "the tag $tag has moved: it was ${moved#* } when ${moved% *} was deployed, and is $commit now.
If that is right, register the new commit under a version of its own; else put the tag back:
    git tag --force '$tag' ${moved#* } && git push --force origin 'refs/tags/$tag'"
# The tag starts the deployment where CI sees it. What it asks for is checked there, as for every deployment.
if [ "$wanted" = promote ] && git remote get-url origin >/dev/null 2>&1; then
    number=$(numbers | tail -n 1)
    assignment="$registered#$environment#${number:-0}"
    # One that was killed before its tag was pushed is taken up again.
    if [ "$(assigned "$assignment")" = "$version" ] && [ -z "$(recorded "$assignment")" ] &&
        [ -z "$(git ls-remote origin "refs/tags/$assignment")" ]; then
        git tag --delete "$assignment" >/dev/null
    else
        assignment="$registered#$environment#$((${number:-0} + 1))"
    fi
    git -c "user.name=$(git config user.name || echo promote)" -c "user.email=$(git config user.email || echo promote@localhost)" \
        tag --annotate --message "Assigning stage $environment to artifact $model version $version: $before has it" "$assignment" "$commit"
    if ! git push --quiet origin "refs/tags/$assignment"; then
        git tag --delete "$assignment" >/dev/null
        fail "origin did not take $assignment: run git fetch --tags, and do it again"
    fi
    echo "$assignment asks for $tag in $environment: CI deploys it"
    exit 0
fi
echo "deploying $tag ($commit) to $environment"

folder=$state/deploy/$environment/$version
git worktree prune
# What an earlier try has left is taken over where Git can, and made anew where it was killed in the midst of making it.
if ! { [ -e "$folder/.git" ] && git -C "$folder" checkout --quiet --force --detach "$commit" 2>/dev/null; }; then
    rm -rf "$folder"
    git worktree add --quiet --force --force --detach "$folder" "$commit"
fi
checkout=$folder${prefix:+/$prefix}
[ -d "$checkout" ] || fail "there is no folder $prefix at $tag"
there=${dvc_root#"${repository%"${prefix:+/$prefix}"}"}
[ ! -f "$dvc_root/.dvc/config.local" ] || cp "$dvc_root/.dvc/config.local" "$folder$there/.dvc/config.local"
cd "$checkout"
dvc config --local cache.dir "$dvc_root/.dvc/cache"
# A remote in a folder that is seen from the repository would be looked for beside this one.
listed=$(cd "$repository" && python .mlops/scripts/remotes.py)
printf '%s\n' "$listed" | while read -r name url; do
    case $url in /*) dvc remote add --local --force "$name" "$url" </dev/null ;; esac
done
# Those of that commit: there may have been fewer then.
listed=$(python "$repository/.mlops/scripts/remotes.py")
remotes=$(printf '%s\n' "$listed" | awk '{print $1}')
for name in $remotes; do
    dvc remote modify --local "$name" verify true
done
# A tag may be set elsewhere, without `make register`. What was here before, `previous` brings back as it is.
if [ -n "$target" ] && [ "$wanted" != previous ]; then
    why=$(python "$repository/.mlops/scripts/locked.py" --pull "$target" 2>&1) || fail "$tag is not what was trained: $why"
fi
# A remote that bears the environment's name is that environment's own: a deployment brings into it what it lacks.
own=$(printf '%s\n' "$remotes" | grep -xF -- "$environment") || own=
restore() { eval "dvc pull --quiet --force ${1:+--remote \"\$1\"} $paths"; }
# What is not here, by the names that its objects have on a remote. (DVC says only that it could not fetch them.)
lacking() { eval "python \"\$repository/.mlops/scripts/verify.py\" $paths" 2>&1 >/dev/null | head -n 5; }
if [ -z "$paths" ]; then
    :
elif [ -z "$remotes" ]; then
    eval "dvc checkout --quiet --force $paths" || fail "no remote is configured, and the cache here has not all of $tag: $paths"
elif [ -z "$own" ]; then
    restore || fail "the remote has not all of $tag, or holds something else there: $(lacking)"
else
    restore "$own" 2>/dev/null || restore || fail "neither the remote $own nor the default one has all of $tag: $(lacking)"
fi
[ -e "$MODEL_PATH" ] || fail "$MODEL_PATH is not there at $tag"
hashes=
if [ -n "$paths" ]; then
    hashes=$(eval "python \"\$repository/.mlops/scripts/verify.py\" $paths" 2>"$state/verify.log") || fail "$tag is not what was registered: $(cat "$state/verify.log")
The cache or the remote holds something else; nothing was deployed. Remove that object there, and deploy again"
    [ -z "$own" ] || eval "dvc push --quiet --remote \"\$own\" $paths" || fail "$tag cannot be brought into the remote $own"
fi
judge

DEPLOY_ENVIRONMENT=$environment MODEL=$model MODEL_VERSION=$version MODEL_COMMIT=$commit
export DEPLOY_ENVIRONMENT MODEL MODEL_PATH MODEL_VERSION MODEL_COMMIT
run 9>&- || fail "the command failed: $environment is not recorded as having $version${now:+, but $now, as before}"

cd "$repository"
latest() { history "$environment" | tail -n 1 | cut -d ' ' -f 1; }
is_recorded() { [ "$(history "$environment" | tail -n 1 | cut -d ' ' -f 2,3)" = "$version $commit" ]; }
record() {
    ! is_recorded || return 0
    number=$(numbers | tail -n 1)
    {
        echo "$tag is in $environment"
        echo
        echo "Version: $version"
        echo "Commit: $commit"
        printf '%s\n' "$hashes" | sed '/^$/d;s/^/Hash: /'
        [ -z "$run_of_ci" ] || echo "Run: $run_of_ci"
    } | git -c "user.name=$(git config user.name || echo deploy)" -c "user.email=$(git config user.email || echo deploy@localhost)" \
        tag --annotate --cleanup=verbatim --file - "$registered#$environment#$((${number:-0} + 1))" "$commit"
}
run_of_ci=${CI_PIPELINE_URL:-${GITHUB_RUN_ID:+${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}/actions/runs/$GITHUB_RUN_ID}}
record
if shared && ! git push --quiet origin "refs/tags/$(latest)"; then
    # From elsewhere, a deployment of the same number was recorded meanwhile: this one comes behind it.
    git ls-remote --exit-code origin "refs/tags/$(latest)" >/dev/null || fail "origin did not take $(latest): do it again"
    git tag --delete "$(latest)" >/dev/null
    fetch --force
    record
    git push --quiet origin "refs/tags/$(latest)"
fi
echo "$environment has $tag"
