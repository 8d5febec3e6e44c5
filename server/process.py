"""Child processes that never outlive their parent: started, watched and stopped by pid.

A child is started through this very file, run as a script (`_launch`): after the fork and in a fresh
interpreter it asks the kernel to be signalled when its parent dies, gives up root if told so, and becomes the
program. That keeps `preexec_fn`, which is not safe with threads, out of the parent. Standard library only.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522

LAUNCH_FAILED = 126


@dataclass(frozen=True)
class Account:
    """Who a child runs as. `capabilities` are kept although it is not root (Linux numbers)."""

    uid: int
    gid: int
    capabilities: tuple[int, ...] = ()


def start(
    argv: Sequence[str],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `argv` (argv[0] an absolute path) in a session of its own, its output appended to `log`.

    On Linux the child gets `death_signal` when the thread that called this ends, however it ends. It leaves
    with `LAUNCH_FAILED` and a line in the log when `cwd` or the program cannot be reached as `account`.
    """
    spec = {
        "parent": os.getpid(),
        "cwd": None if cwd is None else str(cwd),
        "account": None if account is None else asdict(account),
        "death_signal": int(death_signal),
    }
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the command is the caller's, never a user's text
            [sys.executable, "-I", "-S", __file__, json.dumps(spec), *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )


def ended(child: subprocess.Popen[bytes]) -> int | None:
    """The exit code (minus the signal's number when killed), None while it runs.

    Leaves the child unreaped: its pid, and with it the group that `stop` clears, stays its own.
    """
    if child.returncode is not None:
        return child.returncode
    told = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if told is None:
        return None
    return told.si_status if told.si_code == os.CLD_EXITED else -told.si_status


def stop(child: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> int:
    """Send each signal in turn and wait its seconds, then kill what is left of the child's group.

    Returns the exit code; does nothing to a child that was stopped before.
    """
    if child.returncode is not None:
        return child.returncode
    for sign, seconds in steps:
        deadline = time.monotonic() + seconds
        if ended(child) is None:
            child.send_signal(sign)
        while ended(child) is None and time.monotonic() < deadline:
            time.sleep(0.01)
    # Also when the child itself is gone: a worker that outlived it is still in the group it led.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def tail(path: Path, lines: int = 15) -> str:
    """The last `lines` lines of a log, empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16384))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _call(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _become(account: Account) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if account.capabilities:
        # Keeps capabilities over the change of user, and lets access(2), which initdb asks, count them.
        _call(libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    if account.capabilities:
        bits = sum(1 << number for number in account.capabilities)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        low = (ctypes.c_uint32 * 6)(bits, bits, bits, 0, 0, 0)  # effective, permitted, inheritable
        _call(libc.capset(header, low), "set capabilities")
        for number in account.capabilities:
            raised = libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, ctypes.c_ulong(number), 0, 0)
            _call(raised, "pass capabilities on")


def _launch(spec_text: str, argv: list[str]) -> None:
    spec = json.loads(spec_text)
    if spec["account"] is not None:
        _become(Account(**spec["account"]))
    if sys.platform == "linux":  # after the change of user, which would clear it
        libc = ctypes.CDLL(None, use_errno=True)
        _call(libc.prctl(_PR_SET_PDEATHSIG, spec["death_signal"], 0, 0, 0), "ask for the death signal")
        if os.getppid() != spec["parent"]:
            sys.exit(LAUNCH_FAILED)
    if spec["cwd"] is not None:
        os.chdir(spec["cwd"])
    if not os.access(argv[0], os.X_OK):
        raise PermissionError(f"{argv[0]} may not be run as user {os.getuid()}")
    os.execv(argv[0], argv)  # noqa: S606 - becoming that program is the purpose


if __name__ == "__main__":
    try:
        _launch(sys.argv[1], sys.argv[2:])
    except (OSError, AttributeError) as problem:
        print(f"cannot start {sys.argv[2]}: {problem}", file=sys.stderr)
        sys.exit(LAUNCH_FAILED)
