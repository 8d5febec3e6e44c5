"""The browser that tests drive: Debian's Chromium, installed where that is possible.

python scripts/browser_lib.py    installs it when it is missing and this user may; says what to do otherwise
"""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# A sandbox of its own is not to be had as root; the rest keeps it from looking for hosts that no test needs.
ARGUMENTS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync")  # fmt: skip


class BrowserError(RuntimeError):
    """There is no browser; the message says what to do."""


def find() -> str:
    """The path of the browser. Raises BrowserError."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise BrowserError("Chromium is not on the PATH: install it (Debian and Ubuntu: apt install chromium)")


def arguments() -> list[str]:
    """What to start it with."""
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def ensure() -> str:
    """`find`, after installing Debian's package where we are root. Raises BrowserError."""
    import debian_lib  # tests load this file by its path, and only look

    try:
        return find()
    except BrowserError:
        try:
            return debian_lib.ensure("chromium", "chromium", "the browser tests")
        except debian_lib.ToolError as error:
            raise BrowserError(str(error)) from None


if __name__ == "__main__":
    try:
        print(ensure())
    except BrowserError as error:
        sys.exit(f"browser: {error}")
