import base64, json, os, shlex, sys, urllib.request

def get(url, **headers):
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return json.load(urllib.request.urlopen(request, timeout=60))

host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
api = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "https://secretmanager.googleapis.com/")
account = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
token = get(account, Metadata_Flavor="Google")["access_token"]
secret = get(f"{api}v1/{sys.argv[1]}:access", Authorization=f"Bearer {token}")["payload"]["data"]
for name, value in json.loads(base64.b64decode(secret)).items():
    if name in sys.argv[2:]:
        print(f"export {name}={shlex.quote(value)}")
