"""A process that has the steps' modules loaded and forks one child per step, so that a step starts in milliseconds.

    python -m workflows.local.zygote DESCRIPTOR MODULE…        (started by the engine, which holds the socket's other end)

It is single-threaded, because only then is a fork safe. A request is one message: the module, its arguments, environment and
folder as JSON, and the step's stdout and stderr as file descriptors. It answers with the child's process id, and again with
its exit status. A child is what `python -m MODULE` would be: a session of its own, those descriptors, that environment. The
engine starts a plain process instead whenever the zygote is not there or a step's environment would change how Python starts.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from workflows.local.processes import die_with_parent

MESSAGE = 1 << 20


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Answer requests until the engine is gone (None); in a forked child, return its request."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(read, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is control:
                    request = _receive(control)
                    if request is None:
                        return None
                    if _fork(control, request):
                        return _become(control, (read, write), request)
                else:
                    with contextlib.suppress(BlockingIOError):
                        os.read(read, 512)
                    _reap(control)


def _receive(control: socket.socket) -> dict[str, Any] | None:
    data, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 2)
    if not data:
        return None
    request: dict[str, Any] = json.loads(data)
    return request | {"descriptors": descriptors}


def _fork(control: socket.socket, request: dict[str, Any]) -> bool:
    """Fork; return whether this is the child."""
    parent = os.getpid()
    go, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        os.setsid()
        die_with_parent(parent)
        # Nothing runs that the engine has not heard of: without news of it, it would start the step once more.
        if not os.read(go, 1):
            os._exit(1)
        os.close(go)
        return True
    os.close(go)
    for descriptor in request["descriptors"]:
        os.close(descriptor)
    control.send(json.dumps({"started": pid}).encode())
    os.write(told, b"!")
    os.close(told)
    return False


def _reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        control.send(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _become(control: socket.socket, wakeup: tuple[int, int], request: dict[str, Any]) -> dict[str, Any]:
    """Undo in the child what makes the zygote one."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, descriptor in enumerate(request["descriptors"], 1):
        os.dup2(descriptor, target)
        os.close(descriptor)
    control.close()
    for descriptor in wakeup:
        os.close(descriptor)
    # Python itself sets LC_CTYPE when it starts in the C locale; a process of its own would have it too.
    added = {"LC_CTYPE": os.environ["LC_CTYPE"]} if "LC_CTYPE" in os.environ else {}
    os.environ.clear()
    os.environ.update(added | request["environment"])
    os.chdir(request["folder"])
    return request


def run(request: dict[str, Any]) -> int:
    """Run the step's module as `python -m` does; return the exit code, or minus the signal to end by."""
    sys.path[0] = request["folder"]
    sys.argv = ["-m", *request["arguments"]]
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        return _code(leaving.code)
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        return -int(signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _code(value: object) -> int:
    if value is None or isinstance(value, int):
        return (value or 0) & 0xFF
    print(value, file=sys.stderr)
    return 1


def leave(code: int) -> NoReturn:
    """End the process as the interpreter does in all that others can see.

    What it does besides, taking every module apart, costs a fork thirty milliseconds: each object touched is a page copied.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _threads() -> int:
    """Return how many threads there are, those of libraries included where the system says."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


def main() -> dict[str, Any] | None:
    """Load the modules and serve."""
    gc.disable()  # nothing that is loaded here ever goes: looking for it only takes time
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        # A module that can't be loaded here is loaded, and fails, in the step that needs it.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    if _threads() > 1:
        return None
    gc.freeze()
    gc.enable()
    return serve(control)


if __name__ == "__main__":
    step = main()
    if step is not None:
        leave(run(step))
