"""Who computes the parts of a batch: this process, its children, or a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from functools import partial

from analysis.cohort.batch import Backend, Chunk, failed_part
from sensing.errors import DeviceUnreachable, SidewiseError

Work = Callable[[Chunk], bytes]

_KILLED = "the workers that read it were killed, perhaps for memory"
_RESUME = "parts that were finished are kept; the same command with --resume does the rest"


def serial(work: Work, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, bytes]]:
    """One after the other, in this process."""
    for chunk in chunks:
        yield chunk, work(chunk)


def loky(jobs: int) -> Backend:
    """Processes of this machine; ``jobs`` as in joblib, -1 for one a core."""

    def run(work: Work, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, bytes]]:
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        parallel = Parallel(n_jobs=jobs, backend="loky", return_as="generator_unordered", batch_size=1)
        try:
            yield from parallel(delayed(_with_chunk)(work, chunk) for chunk in chunks)
        except TerminatedWorkerError:
            raise SidewiseError(f"a worker process was killed, perhaps for memory; {_RESUME}") from None

    return run


def _with_chunk(work: Work, chunk: Chunk) -> tuple[Chunk, bytes]:
    return chunk, work(chunk)


def dask(scheduler: str, *, connect_s: float = 10.0) -> Backend:
    """The workers of a Dask scheduler, such as ``tcp://host:8786``, which is given a time to answer."""
    return partial(_on_dask, scheduler, connect_s)


def _on_dask(
    scheduler: str, connect_s: float, work: Work, chunks: Sequence[Chunk]
) -> Iterator[tuple[Chunk, bytes]]:
    from distributed import Client, KilledWorker, as_completed

    # What they say when a connection breaks is told here, in one line.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=connect_s, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise DeviceUnreachable(
            f"no Dask scheduler answers at {scheduler} ({_first_line(error)}); "
            "start one with 'dask scheduler'"
        ) from None
    with client:
        futures = {
            client.submit(
                work, chunk, key=f"sidewise-{chunk.number}-{chunk.key}", retries=2, pure=False
            ): chunk
            for chunk in chunks
        }
        done = as_completed(list(futures), loop=client.loop)  # type: ignore[no-untyped-call]
        try:
            for future in done:
                chunk = futures.pop(future)
                try:
                    yield chunk, future.result()
                except KilledWorker:
                    yield (
                        chunk,
                        failed_part(chunk, "the workers that read it were killed, perhaps for memory"),
                    )
                future.release()
        except (OSError, CancelledError, TimeoutError, RuntimeError):
            raise DeviceUnreachable(f"the Dask scheduler at {scheduler} is gone; {_RESUME}") from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
