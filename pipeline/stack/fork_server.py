"""The fork server: a process that has imported what steps import, and forks a child for each step.

A step spends 3–9 s importing its libraries and often only milliseconds working; a child of this process has them
already. It runs as `python -P fork_server.py SOCKET ROOT` and imports third-party libraries only: our own modules would
go stale, so children import them from ROOT, and this file imports none of them. It stays single-threaded, since a fork
in a threaded process may copy a held lock. Linux only.

It is two processes: one has the light libraries after a second and serves at once; it forks the other, which imports
the heavy ones, and takes over the listening socket when it has them. Neither outlives the other.

Protocol, one JSON line each way over a private Unix socket: a request {module, arguments, env, cwd, stdout, stderr} is
answered {pid, started} or {error}, and later {exit}. Instead of the two files, their descriptors may come with it. The
child runs while the connection is open; if the other end closes first, its client is dead, and the child's whole group
is killed. Children die with this process too.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

LIGHT = (
    *("atexit", "runpy", "click", "requests", "pydantic.main", "boto3.s3.transfer", "botocore.httpsession", "psycopg2"),
    *("sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql", "sqlalchemy.ext.compiler"),
    *("numpy", "pandas", "pyarrow.csv", "pyarrow.parquet"),
)
HEAVY = ("lightgbm", "optuna", "great_expectations", "mlflow.tracking")
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Must be in the environment when the libraries load: each keeps one of them from starting a thread."""

_PR_SET_PDEATHSIG = 1
_HUGE = 2 << 20
_MADV_HUGEPAGE, _MADV_COLLAPSE = 14, 25


class ForkLoop:
    """The loop of one of the two processes: takes requests, forks, reports exits."""

    def __init__(self, listener: socket.socket, other: socket.socket, root: str) -> None:
        self._listener = listener
        self._other = other
        self._root = root
        self._pid = os.getpid()
        self._children: dict[socket.socket, int] = {}  # by connection; 0 before its request
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()

    def serve(self) -> NoReturn:
        """Serve until SIGTERM, or until the other process is gone."""
        for each in (self._woken, self._wake, self._listener, self._other):
            each.setblocking(False)
        for each in (self._woken, self._listener, self._other):
            self._selector.register(each, selectors.EVENT_READ)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        while True:
            for key, _ in self._selector.select():
                self._attend(key.fileobj)

    def _attend(self, what: Any) -> None:
        if what is self._listener:
            with contextlib.suppress(BlockingIOError):  # the other process was quicker
                connection, _ = self._listener.accept()
                connection.settimeout(10)
                self._children[connection] = 0
                self._selector.register(connection, selectors.EVENT_READ)
        elif what is self._woken:
            with contextlib.suppress(BlockingIOError):
                while self._woken.recv(4096):
                    pass
            self._reap()
        elif what is self._other:
            if not self._other.recv(1):
                self._stop()
            self._selector.unregister(self._listener)  # it has the heavy libraries, and serves from now on
        elif self._children.get(what) == 0:
            self._take_request(what)
        elif what in self._children:  # readable after the request: its other end closed
            _kill_group(self._children[what])
            self._drop(what)

    def _take_request(self, connection: socket.socket) -> None:
        passed: list[int] = []
        try:
            line = _received(connection, passed)
            if not line:
                self._drop(connection)
                return
            pid = self._fork(json.loads(line), passed)
        except (OSError, ValueError, KeyError) as error:
            self._send(connection, {"error": str(error)})
            self._drop(connection)
            return
        finally:
            for file in passed:
                os.close(file)
        self._children[connection] = pid
        self._send(connection, {"pid": pid, "started": started(pid)})

    def _fork(self, request: dict[str, Any], passed: list[int]) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with contextlib.ExitStack() as opened:
            files = [os.open(os.devnull, os.O_RDONLY)]
            opened.callback(os.close, files[0])
            for name in () if passed else ("stdout", "stderr"):
                files.append(os.open(request[name], flags, 0o644))
                opened.callback(os.close, files[-1])
            files += passed
            folder = os.open(request["cwd"], os.O_RDONLY | os.O_DIRECTORY)
            opened.callback(os.close, folder)
            pid = os.fork()
            if pid == 0:
                self._become_step(files, folder, request)
            return pid

    def _become_step(self, files: list[int], folder: int, request: dict[str, Any]) -> NoReturn:
        code = 1
        try:
            os.setsid()
            die_with(self._pid)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.fchdir(folder)
            for target, file in enumerate(files):
                os.dup2(file, target)
            for file in (*files, folder):
                os.close(file)
            self._selector.close()
            for each in (self._listener, self._other, self._woken, self._wake, *self._children):
                each.close()
            os.umask(0o022)
            os.environ.clear()
            os.environ.update(request["env"])
            time.tzset()
            code = run_module(self._root, request["module"], request["arguments"])
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # what the step left running
            for connection, child in list(self._children.items()):
                if child == pid:
                    self._send(connection, {"exit": os.waitstatus_to_exitcode(status)})
                    self._drop(connection)

    def _send(self, connection: socket.socket, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # its end is closed; the next event says so
            connection.sendall(json.dumps(message).encode() + b"\n")

    def _drop(self, connection: socket.socket) -> None:
        del self._children[connection]
        self._selector.unregister(connection)
        connection.close()

    def _stop(self, *_: object) -> NoReturn:
        for child in filter(None, self._children.values()):
            _kill_group(child)
        os._exit(0)


def run_module(root: str, module: str, arguments: list[str]) -> int:
    """Do what `python -m module arguments…` does, in this process; its exit code."""
    import runpy  # noqa: PLC0415 - loaded already

    if root not in sys.path:
        sys.path.insert(0, root)
    sys.path_importer_cache.pop(root, None)  # what was there when this process started
    sys.argv = [module, *arguments]
    code: object = 0
    try:
        gc.enable()
        sys.modules["numpy"].random.seed()  # or all children would draw the same numbers
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as exit_:
        code = exit_.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    _finish()
    return (code or 0) & 0xFF


def load(module: str) -> None:
    """Import one library, and exit if that made this process unsafe to fork."""
    importlib.import_module(module)
    gc.collect()
    gc.freeze()
    threads = [thread.joinpath("comm").read_text().strip() for thread in Path("/proc/self/task").iterdir()]
    if len(threads) > 1:
        sys.exit(f"importing {module} started a thread ({', '.join(threads)}); the fork server must not have any")
    ours = [name for name in sys.modules if name.partition(".")[0] in {"steps", "pipeline"}]
    if ours:
        sys.exit(f"importing {module} imported {ours[0]}; the fork server must not hold modules of ours")


def know_s3() -> None:
    """Let boto3's default session read its description of S3 (0.15 s), so that `boto3.client` in a child has it."""
    sys.modules["boto3"].client("s3", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")  # noqa: S106


def know_models() -> None:
    """Let pydantic, which imports most of itself when it is asked for, do so, and look for its plugins in all installed
    packages (0.1 s): once a first model is made."""
    from pydantic import BaseModel, Field, RootModel, TypeAdapter, create_model, field_validator  # noqa: F401, PLC0415

    TypeAdapter(create_model("First", number=(int, Field(0))))


def use_huge_pages() -> None:
    """Ask the kernel to hold this process's memory in pages of 2 MB, which makes a fork and an exit twice as fast: with
    small ones most of their time goes into copying and freeing the page table. If it cannot, nothing changes."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, access, *_, name = [*line.split(maxsplit=5), ""][:6]
        first, last = (int(address, 16) for address in addresses.split("-"))
        first = -(-first // _HUGE) * _HUGE
        if access.startswith("rw") and name in {"", "[heap]"} and last - first >= _HUGE:
            madvise(first, last - first, _MADV_HUGEPAGE)
            madvise(first, (last - first) // _HUGE * _HUGE, _MADV_COLLAPSE)


def started(pid: int) -> float:
    """When the kernel started a child, in clock ticks since boot. A zombie has that time too, so a child that ended at
    once does."""
    return float(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def _finish() -> None:
    """End as an interpreter does (threads, exit handlers, buffers), but without tearing down the libraries."""
    import atexit  # noqa: PLC0415 - loaded already

    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _received(connection: socket.socket, passed: list[int]) -> bytes:
    """A request's line. Added to `passed`: the descriptors that come with it, of its standard output and error."""
    line = b""
    while not line.endswith(b"\n"):
        part, files, _, _ = socket.recv_fds(connection, 1 << 16, 2)
        line += part
        passed += files
        if not part:
            break
    return line


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # not its own group's leader yet, or gone
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`, which only this user can reach."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    listener.bind(str(path))
    os.umask(before)
    listener.listen(128)
    return listener


def main(path: str, root: str) -> NoReturn:
    """Import the light libraries and serve, while a second process imports the heavy ones."""
    gc.disable()  # an import leaves little garbage, and looking for it again and again takes a fifth of its time
    for module in LIGHT:
        load(module)
    know_s3()
    know_models()
    listener = listen(Path(path))
    ours, others = socket.socketpair()
    light = os.getpid()
    if os.fork():
        others.close()
        ForkLoop(listener, ours, root).serve()
    ours.close()
    die_with(light)
    for module in HEAVY:
        load(module)
    use_huge_pages()
    others.send(b"1")
    ForkLoop(listener, others, root).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
