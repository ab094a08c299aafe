# Put the model into service: its own copy of code and model, and one process that answers on $PORT.
set -eu
place=${SERVICE_DIR:-$HOME/.cache/loop-service}
rm -rf "$place/next"
mkdir -p "$place/next"
cp -R src "$MODEL_PATH" "$place/next/"
if [ -f "$place/pid" ]; then
    while kill "$(cat "$place/pid")" 2>/dev/null; do sleep 0.1; done
fi
rm -rf "$place/now"
mv "$place/next" "$place/now"
cd "$place/now"
# It writes its own number, so that it is known also where this script is killed at once.
setsid nohup sh -c 'echo $$ > ../pid; exec python src/serve.py "$1"' serve "$(basename "$MODEL_PATH")" \
    > "$place/log" 2>&1 < /dev/null &
for _ in $(seq 50); do
    if python -c "import urllib.request as u, json; d = json.load(u.urlopen('http://127.0.0.1:$PORT/?spend=1&visits=1')); \
assert d['version'] == '$MODEL_VERSION'" 2>/dev/null; then
        exit 0
    fi
    sleep 0.2
done
cat "$place/log" >&2
exit 1
