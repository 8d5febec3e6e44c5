"""Where the jobs of a cross-validation run: in this process, or on Dask workers, by the same joblib calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

import joblib

ENGINES = ("local", "dask")


class EngineMissing(RuntimeError):
    """The engine is not installed or cannot be reached; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """`local`: `workers` processes of this machine. `dask`: the scheduler at `address`, such as tcp://10.0.0.5:8786,
    else a cluster of `workers` processes on this machine, one thread each."""

    name: str = "local"
    workers: int = 1
    address: str | None = None

    @contextmanager
    def running(self, share: Sequence[object] = ()) -> Iterator[str]:
        """joblib runs here inside this context; `share` is sent to every worker once. Yields a description.

        Raises EngineMissing.
        """
        if self.name == "local":
            backend = "loky" if self.workers > 1 else "sequential"
            with joblib.parallel_config(backend=backend, n_jobs=self.workers):
                yield f"local, {self.workers} process{'es' if self.workers > 1 else ''}"
            return
        try:
            # By name: it is an extra that need not be there, neither here nor for the type checker.
            distributed = import_module("distributed")
        except ImportError as error:
            raise EngineMissing("--engine dask needs Dask: pip install 'limber[scale]'") from error
        if self.address is None:
            cluster = distributed.LocalCluster(
                n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=None
            )
            with (
                cluster,
                distributed.Client(cluster),
                joblib.parallel_config(backend="dask", scatter=list(share)),
            ):
                yield f"Dask, {self.workers} worker processes of this machine"
            return
        try:
            client = distributed.Client(self.address, timeout=10)
        except (OSError, ValueError) as error:
            raise EngineMissing(
                f"--address {self.address}: no Dask scheduler answers there ({error})"
            ) from error
        with client, joblib.parallel_config(backend="dask", scatter=list(share)):
            yield f"Dask at {self.address}, {len(client.ncores())} workers"
