# Made by mlopsc: are the files here what dvc.lock and the .dvc files say? It needs DVC.
"""verify.py PATH...: hash the results of DVC at the PATHs, and print `HASH RESULT` for each. Of a folder that holds a PATH,
only what is at the PATH is hashed.

Every byte is read: neither DVC's record of what it has hashed before nor what a remote says of its objects is believed.
It fails, and names the object, if a file is missing or differs.
"""

import os
import sys


def differing(out, wanted, file_md5):
    """The files of an out, as far as they are at a path, that are not what its hash says: (path, hash)."""
    value = out.hash_info.value
    if not value.endswith(".dir"):
        if not os.path.isfile(out.fs_path) or file_md5(out.fs_path, name=out.hash_info.name) != value:
            yield out.fs_path, value
        return
    listing = out.cache.oid_to_path(value)
    if not os.path.isfile(listing) or file_md5(listing) + ".dir" != value:
        yield listing, value
        return
    for key, _, expected in out.get_obj():
        path = os.path.join(out.fs_path, *key)
        if not overlap(path, wanted):
            continue
        if not os.path.isfile(path) or file_md5(path, name=expected.name) != expected.value:
            yield path, expected.value


def overlap(one, other):
    return one == other or one.startswith(other + os.sep) or other.startswith(one + os.sep)


def main(paths):
    from dvc.repo import Repo
    from dvc_data.hashfile.hash import file_md5

    repo = Repo()
    failed = []
    for path in map(os.path.abspath, paths):
        outs = [out for out in repo.index.outs if out.protocol == "local" and overlap(path, out.fs_path)]
        if not outs:
            failed.append(f"{os.path.relpath(path)} is no result of this commit's pipeline")
        for out in outs:
            if not out.hash_info.value:
                failed.append(f"{out} has no hash in dvc.lock")
                continue
            failed += [
                f"{os.path.relpath(where)} is not the object {value} that dvc.lock names"
                for where, value in differing(out, path, file_md5)
            ]
            print(out.hash_info.value, out)
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
