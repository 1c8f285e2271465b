"""A limit on a program's memory that the kernel enforces: a control group of
its own, whose program is killed when it would have more.

    with cgroup.limit(128) as prefix:
        copy.cdc.executable = [*prefix, programs.binary("cdc")]

Needs to be root. Where no group can be made the prefix is empty, and a line
says why: the test then only watches the resident peak."""

import contextlib
import os
import time

V1 = "/sys/fs/cgroup/memory"
V2 = "/sys/fs/cgroup"
JOIN = 'echo $$ >"$0/cgroup.procs" && exec "$@"'


def make(mib):
    """The directory of a new group, or why there is none."""
    v2 = os.path.exists(os.path.join(V2, "cgroup.controllers"))
    path = os.path.join(V2 if v2 else V1, f"ficus-test-{os.getpid()}")
    try:
        if v2:
            with open(os.path.join(V2, "cgroup.subtree_control"), "w") as f:
                f.write("+memory")
        os.mkdir(path)
        name = "memory.max" if v2 else "memory.limit_in_bytes"
        with open(os.path.join(path, name), "w") as f:
            f.write(str(mib << 20))
    except OSError as e:
        with contextlib.suppress(OSError):
            os.rmdir(path)
        return None, str(e)
    return path, None


@contextlib.contextmanager
def limit(mib):
    path, reason = make(mib)
    if not path:
        print(f"no control group, the resident peak counts alone: {reason}")
        yield []
        return
    try:
        yield ["sh", "-c", JOIN, path]
    finally:
        for _ in range(100):  # its program has just been killed
            with contextlib.suppress(OSError):
                os.rmdir(path)
                break
            time.sleep(0.05)
