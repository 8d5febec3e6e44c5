"""What every script calls first: `ensure()` makes the virtual environment `.venv` and continues inside it.

Standard library only, and syntax that an old Python can still read, so that it gets a message instead of a
traceback.

LIMBER_VENV=DIR        keep the environment there (a read-only checkout, a shared disk)
LIMBER_NO_BOOTSTRAP=1  use the running Python as it is
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
STAMP = "limber-stamp.json"
LOCK = "limber-lock"
RESTARTED = "_LIMBER_RESTARTED"

HINTS = (
    (
        r"No space left on device|Errno 28",
        "the disk is full: free about 1 GB, or set LIMBER_VENV to a folder elsewhere",
    ),
    (
        r"Name or service not known|Temporary failure in name resolution|Network is unreachable"
        r"|Failed to establish a new connection|NewConnectionError|Connection refused|ReadTimeout|ProxyError",
        "the package index cannot be reached: check the network, or pip's settings for a proxy or a mirror",
    ),
    (
        r"SSLError|CERTIFICATE_VERIFY_FAILED",
        "the package index's certificate is not trusted here: see pip's `cert` setting",
    ),
    (
        r"ensurepip is not available|No module named '?(venv|ensurepip)",
        "this Python lacks the venv module (Debian and Ubuntu: apt install python3-venv)",
    ),
    (
        r"Permission denied|Errno 13|Read-only file system|Errno 30",
        "the folder is not writable: set LIMBER_VENV to one that is",
    ),
    (
        r"No matching distribution found|requires a different python",
        "a locked package has no build for this Python or machine: try Python 3.11, 3.12 or 3.13",
    ),
)


class BootstrapError(Exception):
    """The environment cannot be made; the message is for a person."""


def ensure(extra="base"):
    """Return inside an environment with the packages of requirements/`extra`.txt ("base" or "test").

    Makes or renews it when the lock or Python changed, then runs this script again inside it. Ends the
    process with a message and status 1 when that is impossible.
    """
    try:
        _ensure(extra)
    except BootstrapError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ninterrupted; run it again to continue", file=sys.stderr)
        sys.exit(130)


def _ensure(extra):
    # Ours alone: the server refuses LIMBER_ variables that it does not know.
    skip = os.environ.pop("LIMBER_NO_BOOTSTRAP", "")
    place = os.environ.get("LIMBER_VENV", "")
    restarted = os.environ.pop(RESTARTED, "")
    if skip:
        check_python(sys.version_info)
    else:
        venv = Path(place).expanduser().resolve() if place else ROOT / ".venv"
        inside = Path(sys.prefix).resolve() == venv.resolve()
        if restarted and not inside:
            raise BootstrapError(f"{venv}/bin/python does not run inside {venv}: remove that folder")
        ready = _ready(venv, extra, inside)
        if not ready:
            python = _base_python()
            with _locked(venv) as lock:
                if not _ready(venv, extra, inside):
                    _build(venv, extra, python, lock)
        if not (ready and inside):
            _continue_with(venv)
    os.environ.pop("LIMBER_VENV", None)
    os.environ["PYTHONPATH"] = str(ROOT)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


def check_python(version):
    """Raise BootstrapError unless `version` (as sys.version_info) is new enough."""
    if tuple(version[:2]) < OLDEST:
        raise BootstrapError(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {version[0]}.{version[1]} "
            f"({sys.executable}); install one and put it first on PATH"
        )


def lock_hash(extra):
    """SHA-256 of the lock file of `extra`."""
    return hashlib.sha256((ROOT / "requirements" / (extra + ".txt")).read_bytes()).hexdigest()


def _ready(venv, extra, inside):
    """Whether the environment is complete and of this lock and, told from inside, of this Python."""
    try:
        stamp = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return False
    if inside and stamp.get("python") != list(sys.version_info[:2]):
        return False
    return os.access(str(venv / "bin" / "python"), os.X_OK) and stamp.get(extra) == lock_hash(extra)


def _base_python():
    """The interpreter to build with: the running one, or a newer one on PATH when this is too old."""
    running = getattr(sys, "_base_executable", None) or sys.executable
    if tuple(sys.version_info[:2]) >= OLDEST:
        return running
    for minor in (13, 12, 11, 14):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.call([found, "-c", "import venv"], stderr=subprocess.DEVNULL) == 0:
            return found
    check_python(sys.version_info)
    return running


@contextlib.contextmanager
def _locked(venv):
    """Hold the environment's lock, waiting for another process that prepares it."""
    try:
        import fcntl
    except ImportError:
        raise BootstrapError("Linux or macOS is needed (on Windows: WSL)") from None
    try:
        venv.mkdir(parents=True, exist_ok=True)
        foreign = not (venv / LOCK).exists() and any(venv.iterdir())
        lock = None if foreign else (venv / LOCK).open("w")
    except OSError as error:
        raise BootstrapError(_explain(f"cannot make {venv}", str(error))) from None
    if lock is None:
        raise BootstrapError(
            f"{venv} exists and was not made by this script: move it away or set LIMBER_VENV to another one"
        )
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _say(f"another process is preparing {venv}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _build(venv, extra, python, held):
    """Install the locked packages. The stamp is removed first and written last; without it all starts over.

    The children inherit `held`, the lock: if we are killed, it stays taken until they have ended too.
    """
    started = time.monotonic()
    stamp = venv / STAMP
    log = venv / "limber-install.log"
    try:
        if _usable(venv):
            stamp.unlink()
        else:
            _say(f"making the virtual environment {venv}")
            for child in venv.iterdir():
                if child.name != LOCK:
                    shutil.rmtree(str(child)) if child.is_dir() and not child.is_symlink() else child.unlink()
            _run([python, "-m", "venv", str(venv)], log, held, "cannot make the virtual environment")
        lock = ROOT / "requirements" / (extra + ".txt")
        total = sum(1 for line in lock.read_text().splitlines() if re.match(r"\w", line))
        _say(f"installing {total} locked packages (this takes a minute or two)")
        inner = str(venv / "bin" / "python")
        pip = [inner, "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
        _run([*pip, "-r", str(lock)], log, held, "cannot install the packages", total)
        told = [inner, "-c", "import sys, json; print(json.dumps(list(sys.version_info[:2])))"]
        version = json.loads(subprocess.check_output(told).decode())
        # The test lock contains the base lock, pin by pin.
        extras = {"base", extra}
        content = dict({name: lock_hash(name) for name in extras}, python=version)
        fresh = venv / (STAMP + ".new")
        fresh.write_text(json.dumps(content))
        fresh.replace(stamp)
    except OSError as error:
        raise BootstrapError(_explain(f"cannot prepare {venv}", str(error))) from None
    _say(f"environment ready after {time.monotonic() - started:.0f} s")


def _usable(venv):
    """Whether a finished environment only needs other packages; anything doubtful is made anew."""
    try:
        made_with = json.loads((venv / STAMP).read_text())["python"]
        told = [str(venv / "bin" / "python"), "-c", "import sys, pip; print(list(sys.version_info[:2]))"]
        return json.loads(subprocess.check_output(told, stderr=subprocess.DEVNULL).decode()) == made_with
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError):
        return False


def _run(argv, log, held, failure, total=0):
    """Run a command, its output into `log`, one line of progress on the screen."""
    env = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUNBUFFERED="1")
    for name in (
        "PYTHONPATH",
        "PYTHONHOME",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
    ):
        env.pop(name, None)
    started = shown = time.monotonic()
    lines = []
    count = 0
    unpacking = False
    tty = sys.stderr.isatty()
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, pass_fds=[held])
    try:
        with log.open("ab") as record:
            for raw in child.stdout:
                record.write(raw)
                line = raw.decode("utf-8", "replace").rstrip()
                lines.append(line)
                count += line.startswith(("Collecting ", "Processing "))
                now = time.monotonic()
                if line.startswith("Installing collected"):
                    unpacking, shown = True, 0
                if total and (tty or now - shown >= 5):
                    shown = now
                    what = "unpacking" if unpacking else f"fetched {count}/{total}"
                    text = f"  {now - started:4.0f} s  {what}"
                    print("\r\033[K" + text if tty else text, end="" if tty else "\n", file=sys.stderr)
                    sys.stderr.flush()
        code = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    finally:
        child.stdout.close()
        signal.signal(signal.SIGTERM, previous)
        if tty and total:
            print(file=sys.stderr)
    if code != 0:
        raise BootstrapError(_explain(f"{failure} (full output: {log})", "\n".join(lines)))


def _explain(failure, output):
    """The failure, the likely reason when it is a known one, and the end of the output."""
    parts = [failure]
    parts += [hint for pattern, hint in HINTS if re.search(pattern, output)][:1]
    parts += ["  | " + line for line in output.splitlines()[-8:]]
    return "\n".join(parts)


def _continue_with(venv):
    python = str(venv / "bin" / "python")
    env = dict(os.environ, PYTHONPATH=str(ROOT), **{RESTARTED: "1"})
    env.pop("PYTHONHOME", None)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(python, [python, *sys.argv], env)  # noqa: S606 - to go on as that Python is the purpose


def _say(text):
    print(text, file=sys.stderr)
    sys.stderr.flush()
