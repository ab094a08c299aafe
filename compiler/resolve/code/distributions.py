"""Which distribution provides a module, where the two have different names, and which requirements the files of a project declare."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from ...model.snapshot import Snapshot

_ODD = """
sklearn scikit-learn | cv2 opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless opencv
PIL pillow | yaml pyyaml | bs4 beautifulsoup4 | skimage scikit-image | dateutil python-dateutil | dotenv python-dotenv
git gitpython | github pygithub | Crypto pycryptodome pycrypto | OpenSSL pyopenssl | serial pyserial | usb pyusb | zmq pyzmq
attr attrs | attrs attrs | jwt pyjwt | magic python-magic | docx python-docx | pptx python-pptx | fitz pymupdf | pymupdf pymupdf
torch torch pytorch | torchvision torchvision | tensorflow tensorflow tensorflow-gpu tensorflow-cpu tensorflow-macos tf-nightly
lightning lightning pytorch-lightning | pytorch_lightning pytorch-lightning lightning | lightning_fabric pytorch-lightning lightning
keras keras +tensorflow | xgboost xgboost py-xgboost xgboost-cpu | lightgbm lightgbm | catboost catboost | imblearn imbalanced-learn
umap umap-learn | hdbscan hdbscan | faiss faiss-cpu faiss-gpu faiss | tables pytables tables | Levenshtein python-levenshtein levenshtein
levenshtein levenshtein python-levenshtein | slugify python-slugify | jose python-jose | multipart python-multipart
psycopg2 psycopg2 psycopg2-binary | psycopg psycopg | MySQLdb mysqlclient | mysql mysql-connector-python | pymysql pymysql
ldap python-ldap | nacl pynacl | gi pygobject | wx wxpython | OpenGL pyopengl | pkg_resources setuptools | setuptools setuptools
sentence_transformers sentence-transformers | google +google-cloud-storage +protobuf +google-auth +google-api-python-client
googleapiclient google-api-python-client | apiclient google-api-python-client | IPython ipython +jupyter +jupyterlab +notebook
IPython ipython +ipykernel | osgeo gdal | shapefile pyshp | mpl_toolkits matplotlib | pylab matplotlib | matplotlib matplotlib matplotlib-base
ruamel ruamel-yaml | hydra hydra-core | omegaconf omegaconf +hydra-core | clip openai-clip clip | whisper openai-whisper
kfp kfp | mlflow mlflow mlflow-skinny | airflow apache-airflow | pyspark pyspark | beam apache-beam | apache_beam apache-beam
flax flax | jax jax +jaxlib | jaxlib jaxlib +jax | speech_recognition speechrecognition | espeakng py-espeak-ng | soundfile soundfile pysoundfile
librosa librosa | pydub pydub | Bio biopython | rdkit rdkit rdkit-pypi | openbabel openbabel-wheel openbabel | simpletransformers simpletransformers
nltk nltk | spacy spacy | en_core_web_sm en-core-web-sm +spacy | gensim gensim | community python-louvain | igraph python-igraph igraph
pywt pywavelets | cairo pycairo | Xlib python-xlib | websocket websocket-client | socks pysocks | engineio python-engineio
socketio python-socketio | telegram python-telegram-bot | discord discord-py | tweepy tweepy | praw praw | wandb wandb
prefect prefect | great_expectations great-expectations | pandera pandera | evidently evidently | sqlalchemy sqlalchemy
flask_cors flask-cors | flask_sqlalchemy flask-sqlalchemy | werkzeug werkzeug +flask | jinja2 jinja2 +flask | markupsafe markupsafe +jinja2
starlette starlette +fastapi | pydantic pydantic +fastapi | itsdangerous itsdangerous +flask | click click +typer +flask
nbformat nbformat +jupyter +notebook +nbconvert | nbconvert nbconvert +jupyter +notebook | jupyter_client jupyter-client +jupyter +notebook
ipywidgets ipywidgets +jupyter | tqdm tqdm | box python-box | ensure ensure | decouple python-decouple | editor python-editor
snappy python-snappy | barcode python-barcode | pcl python-pcl | rapidfuzz rapidfuzz | fuzzywuzzy fuzzywuzzy | usaddress usaddress
stable_baselines3 stable-baselines3 | gym gym | gymnasium gymnasium | ale_py ale-py +gymnasium | mujoco mujoco | pybullet pybullet
art adversarial-robustness-toolbox | tensorflow_hub tensorflow-hub | tensorflow_datasets tensorflow-datasets tfds-nightly
tensorflow_addons tensorflow-addons | tensorflow_probability tensorflow-probability | transformers transformers | tokenizers tokenizers +transformers
huggingface_hub huggingface-hub +transformers +datasets | safetensors safetensors +transformers | datasets datasets | evaluate evaluate
fastai fastai | fastcore fastcore +fastai | dvc dvc | dvclive dvclive +dvc | mpi4py mpi4py | numba numba | llvmlite llvmlite +numba
botocore botocore +boto3 | s3transfer s3transfer +boto3 | s3fs s3fs | fsspec fsspec +dask +s3fs | distributed distributed +dask | dask dask dask-core
geopandas geopandas | shapely shapely +geopandas | pyproj pyproj +geopandas | fiona fiona +geopandas | rtree rtree | osmnx osmnx
docutils docutils | pytest pytest | _pytest pytest | py pytest py | pluggy pluggy +pytest | numpy numpy numpy-base | past future | builtins future
libfuturize future | win32api pywin32 | win32com pywin32 | pythoncom pywin32 | pywintypes pywin32 | ffmpeg ffmpeg-python | imageio imageio
segment_anything segment-anything | detectron2 detectron2 | mmcv mmcv mmcv-full | pycocotools pycocotools | timm timm | open_clip open-clip-torch
pinecone pinecone-client pinecone | chromadb chromadb | langchain_community langchain-community +langchain | tavily tavily-python
typing_extensions typing-extensions typing_extensions +pydantic +fastapi | six six +python-dateutil | pytz pytz +pandas | scipy scipy
urllib3 urllib3 +requests | certifi certifi +requests | joblib joblib +scikit-learn | threadpoolctl threadpoolctl +scikit-learn
patsy patsy +statsmodels | packaging packaging | cycler cycler +matplotlib | grpc grpcio | sagemaker sagemaker | absl absl-py +tensorflow
tensorboard tensorboard +tensorflow | tensorboardX tensorboardx | google_auth_oauthlib google-auth-oauthlib | lxml lxml | html5lib html5lib
"""
_NEEDS_NUMPY = frozenset("""
pandas scikit-learn scipy matplotlib seaborn torch pytorch tensorflow xgboost lightgbm catboost statsmodels xarray opencv-python
opencv-python-headless scikit-image h5py numba keras jax geopandas librosa gensim spacy transformers nltk-data imbalanced-learn shap
""".split())  # fmt: skip
REMOVED = frozenset(
    "asynchat asyncore distutils imp smtpd cgi cgitb crypt telnetlib pipes sndhdr imghdr audioop nntplib uu xdrlib".split()
)
"""Modules that were in the standard library of a Python that people still have."""
STANDARD = frozenset(sys.stdlib_module_names) | REMOVED | {"__main__", "__future__"}
_NAME = r"\s*([A-Za-z0-9][\w.-]*)"
_EGG = r"#egg=([\w.-]+)|/([\w.-]+?)(?:\.git)?(?:@[^/#]*)?(?:#.*)?\Z"
_LOCKED = r"(?m)^(?:\[\[?package(?:s)?\]?\]\s*\n)?name = [\"']([\w.-]+)[\"']"
_REQUIRES = r"(?i)\w*require\w*[\"']?\s*[=:]\s*([\[({][^\])}]{0,20000})"
"""The lists and tables of setup.py that hold requirements."""
_LISTS = r"freeze|frozen|constraints|(?:^|[_.-])(?:pip|deps|dependencies|packages|reqs)[_.-]"
"""The names of text files that may list requirements; `packages.txt` may also list those of Debian."""
_DIRECT = r"(?:git|hg|svn|bzr)\+|@\s*\w+://|://\S*\.(?:git|whl|zip|tar\.gz)(?:[@#]|\s|\Z)"
"""What in a requirement says that it comes from a URL and not from an index."""
_FROM_GIT = r"\bgit\s*=\s*[\"']|\btype\s*=\s*[\"'](?:git|url)[\"']"
"""The same in tables and locks."""
_MAX_READ = 8 << 20


def groups(text: str) -> Iterator[list[str]]:
    """The groups of words in a table: `|` and line ends separate them."""
    yield from filter(None, map(str.split, text.replace("\n", "|").split("|")))


def _table(bringing: bool) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for module, *names in groups(_ODD):
        table.setdefault(module, set()).update(
            name.removeprefix("+") for name in names if bringing or not name.startswith("+")
        )
    if bringing:
        table["numpy"] = table["numpy"] | _NEEDS_NUMPY
    return {module: frozenset(names) for module, names in table.items()}


ODD = _table(bringing=True)
"""The distributions that provide a module, or that always bring the one that does; by the module's name."""
PROVIDERS = _table(bringing=False)
"""The distributions that provide a module themselves."""


def normalized(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower().strip("-")


UNKNOWN = "*"
"""Stands for a requirement by URL: neither a table nor an index says which modules it provides."""


def provides(module: str, declared: frozenset[str]) -> bool:
    """Whether one of the declared distributions provides a top-level module. In doubt, True."""
    name = normalized(module)
    if UNKNOWN in declared or name in declared or not declared.isdisjoint(ODD.get(module, ())):
        return True
    starts = (f"{name}-", *(f"{other}-" for other in ODD.get(module, ())))
    return any(other.startswith(starts) or other.endswith(f"-{name}") or alike(name, other) for other in declared)


def alike(module: str, distribution: str) -> bool:
    """Whether two normalized names differ in hyphens and a `py` or `python` only: pythonjsonlogger, python-json-logger."""
    name = module.replace("-", "")
    return distribution.replace("-", "") in (name, f"py{name}", f"python{name}", f"{name}py", f"{name}python")


def requirement(line: str) -> str | None:
    """The distribution that a line of a requirements file names."""
    line = line.split(" #")[0].strip()
    if not line or line.startswith(("#", "-")):
        editable = re.match(r"(?:-e|--editable)[ =]*(\S+)", line)
        line = editable.group(1) if editable else ""
    if "://" in line and "@" not in line.split("://")[0]:
        match = re.search(_EGG, line)
        return normalized(match.group(1) or match.group(2)) if match else None
    match = re.match(_NAME, line)
    return normalized(match.group(1)) if match else None


def _of_line(line: str) -> Iterator[str]:
    """What a line of a requirements file names."""
    if (name := requirement(line)) is not None:
        yield name
        if re.search(_DIRECT, line.split(" #")[0]):
            yield UNKNOWN


def declared(snapshot: Snapshot, folder: str, project: dict[str, Any]) -> frozenset[str] | None:
    """The distributions that the files of a folder require; None where it has no such file.

    ``project`` is its pyproject.toml.
    """
    found: set[str] = set()
    files = 0
    prefix = "" if folder in ("", ".") else f"{folder}/"
    names = snapshot.list(folder if folder != "." else "")
    for name in names:
        if name == "requirements" and snapshot.kind(prefix + name) == "dir":
            inner = [
                f"{prefix}{name}/{each}" for each in snapshot.list(prefix + name) if each.endswith((".txt", ".in"))
            ]
        else:
            inner = [prefix + name] if _requires(name) or _may_list(name) else []
        for path in inner:
            raw = snapshot.read(path)
            if raw is None or len(raw) > _MAX_READ:
                continue
            files += not _may_list(name)
            found.update(_names(path, raw.decode("utf-8-sig", "replace")))
    stated = set(_of_pyproject(project))
    if not files and not stated:
        return None
    return frozenset(found | stated)


def _requires(name: str) -> bool:
    return (
        name in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile", "setup.cfg", "setup.py", "pixi.toml")
        or (name.startswith(("environment", "conda", "env")) and name.endswith((".yml", ".yaml")))
        or ("requirements" in name and name.endswith((".txt", ".in")))
    )


def _may_list(name: str) -> bool:
    """Whether a file probably lists what is installed, too. Alone it does not say that anything else is missing."""
    return name.endswith(".txt") and re.search(_LISTS, name.lower()) is not None


def _names(path: str, text: str) -> Iterator[str]:
    name = path.rpartition("/")[2]
    if name.endswith((".lock", ".toml")) or name == "Pipfile":
        yield from [UNKNOWN] if re.search(_FROM_GIT, text) else ()
    if name.endswith((".txt", ".in")):
        for line in text.splitlines():
            yield from _of_line(line)
    elif name.endswith(".lock") or name == "pylock.toml":
        yield from map(normalized, re.findall(_LOCKED, text))
    elif name.endswith((".yml", ".yaml")):
        for line in text.splitlines():
            item = line.strip()
            if item.startswith("- "):
                package = item[2:].strip(" '\"").rpartition("::")[2]
                yield from _of_line(re.split(r"[=<>!~ \[]", package)[0] if "://" not in package else package)
    elif name in ("Pipfile", "pixi.toml"):
        yield from (normalized(key) for key in re.findall(r"^[\"']?([A-Za-z][\w.-]*)[\"']?\s*=", text, re.MULTILINE))
    elif name == "setup.cfg":
        for line in text.splitlines():
            yield from _of_line(line) if line[:1] in " \t" else ()
            yield from _of_line(line.partition("=")[2]) if "requires" in line else ()
    else:
        for listed in re.findall(_REQUIRES, text):
            for line in re.findall(r"[\"']([A-Za-z][^\"'\n]{0,200})[\"']", listed):
                yield from _of_line(line)


def _of_pyproject(data: dict[str, Any]) -> Iterator[str]:
    """The requirements of a pyproject.toml: of PEP 621, PEP 735, Poetry, PDM, uv, Hatch and Pixi."""
    project, tool = _dict(data.get("project")), _dict(data.get("tool"))
    lists: list[Any] = [project.get("dependencies"), *_dict(project.get("optional-dependencies")).values()]
    lists += _dict(data.get("dependency-groups")).values()
    lists += _dict(_dict(tool.get("pdm")).get("dev-dependencies")).values()
    lists.append(_dict(tool.get("uv")).get("dev-dependencies"))
    lists += [_dict(env).get("dependencies") for env in _dict(_dict(tool.get("hatch")).get("envs")).values()]
    for items in lists:
        for item in items if isinstance(items, list) else ():
            yield from _of_line(item) if isinstance(item, str) else ()
    poetry, pixi = _dict(tool.get("poetry")), _dict(tool.get("pixi"))
    tables: list[Any] = [poetry.get("dependencies"), poetry.get("dev-dependencies"), poetry.get("extras"), pixi.get("dependencies"),
                         pixi.get("pypi-dependencies")]  # fmt: skip
    tables += [_dict(group).get("dependencies") for group in _dict(poetry.get("group")).values()]
    for feature in _dict(pixi.get("feature")).values():
        tables += [_dict(feature).get("dependencies"), _dict(feature).get("pypi-dependencies")]
    for table in tables:
        yield from map(normalized, _keys(table))
    for table in (*tables, _dict(tool.get("uv")).get("sources")):
        if any(isinstance(value, dict) and not {"git", "url"}.isdisjoint(value) for value in _dict(table).values()):
            yield UNKNOWN


def _keys(table: Any) -> Iterable[str]:
    return (key for key in table if isinstance(key, str)) if isinstance(table, dict) else ()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
