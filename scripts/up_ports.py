"""Which ports `scripts/up` uses: the server's, and one beside it for the live process."""

import socket

from up_processes import UpError

from server.settings import Settings


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_live(env: dict[str, str], settings: Settings) -> Settings:
    """Settle where the live process is, unless the settings say: beside the server, on the next best port."""
    if not env.get("LIMBER_LIVE_PORT"):
        port = settings.live_port
        elsewhere = port == settings.port or _taken(settings.host, port) is not None
        env["LIMBER_LIVE_PORT"] = str(free_port() if elsewhere else port)
    if not env.get("LIMBER_LIVE_URL") and settings.public_url is None:
        env["LIMBER_LIVE_URL"] = f"http://{own_host(settings)}:{env['LIMBER_LIVE_PORT']}"
    return Settings.from_env(env)


def own_host(settings: Settings) -> str:
    """The host under which this machine reaches what it starts, as it stands in an address."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "") else settings.host  # noqa: S104
    return f"[{host}]" if ":" in host else host


def _taken(host: str, port: int) -> OSError | None:
    """Why nothing can listen there; None: it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def need_free_port(host: str, port: int, option: str = "--port ") -> None:
    """Raise UpError, naming the `option` that chooses another, unless something can listen there."""
    error = _taken(host, port)
    if isinstance(error, PermissionError):
        raise UpError(f"port {port} needs root; choose another, such as {option}8000")
    if error is not None:
        raise UpError(
            f"port {port} on {host} is taken by another program ({error.strerror}); "
            f"choose another, such as {option}{port + 1 if port < 65535 else 8000}"
        )
