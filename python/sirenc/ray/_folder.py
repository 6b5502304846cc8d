"""A folder of pictures into a folder of ``.siren`` files, on a cluster."""

import collections
import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import ray
from ray.exceptions import RayError

from .. import info
from .._codec import Settings, encode_with
from .._errors import Error
from .._field import parameter_error
from .._limits import Limits
from ._cluster import cores
from ._place import Place

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ico", ".pnm", ".pgm", ".ppm", ".qoi", ".tga")
"""Extensions of the files that are taken for pictures."""

FAILURES = "failures.jsonl"
"""The file in the destination that tells of pictures which could not be encoded."""

_AHEAD = 2
"""Tasks that are given to the cluster for each of its cores: the next one is there when a core has finished one."""

_TELLING = 10.0
"""Seconds between lines of progress, where there is no bar."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """A picture that could not be encoded."""

    name: str
    """Its name in the source."""
    error: str
    """The class of the error."""
    message: str
    """What is wrong, and what to do."""


@dataclasses.dataclass
class Report:
    """What became of the pictures of a folder."""

    pictures: int = 0
    """Pictures in the source."""
    encoded: int = 0
    """Pictures that were encoded in this run."""
    skipped: int = 0
    """Pictures whose files were there already, and whole."""
    failures: list[Failure] = dataclasses.field(default_factory=list)
    """Pictures that could not be encoded."""
    bytes: int = 0
    """Bytes of the files that were written."""
    seconds: float = 0.0
    """Time of the run."""
    cpu_seconds: float = 0.0
    """Seconds of cores that the encoded pictures took."""

    @property
    def pictures_per_second(self) -> float:
        """Pictures that were encoded, by the time of the run."""
        return self.encoded / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        each = self.cpu_seconds / max(self.encoded, 1)
        return (
            f"{self.pictures} pictures: {self.encoded} encoded in {self.bytes} bytes, {self.skipped} there already, "
            f"{len(self.failures)} failed; {self.seconds:.0f} s, {self.pictures_per_second:.2f} a second, "
            f"{each:.1f} s of a core each"
        )


@dataclasses.dataclass(frozen=True)
class _Work:
    """What all tasks of a run have in common."""

    source: Place
    destination: Place
    settings: Settings
    limits: Limits


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What became of one picture."""

    bytes: int = 0
    cpu_seconds: float = 0.0
    skipped: bool = False
    failure: Failure | None = None


def encode_folder(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    extensions: Iterable[str] = EXTENSIONS,
    memory: int = 512 << 20,
    retries: int = 3,
    limits: Limits | None = None,
    progress: bool = False,
    **settings: Any,
) -> Report:
    """Encode all pictures of a folder, and of folders within it, on the cores of a Ray cluster.

    ``holiday/beach.jpg`` of the source becomes ``holiday/beach.siren`` of the destination, or ``holiday/beach.jpg.siren``
    where another picture differs in its extension alone. Each picture is a task of one core. It uses the cluster that
    ``ray.init`` has connected to, or starts one on this machine.

    It can be started again at any time, after an interruption or when there are more pictures: what is in the destination
    and whole is left as it is. Files are written whole or not at all. A picture whose worker or node is killed is done
    again elsewhere, and as names and results depend on the picture alone, none is there twice. A picture that cannot be
    encoded is told of in the report and in ``failures.jsonl`` of the destination; the others go on. One run at a time
    writes to a destination.

    Args:
        source: A path that all nodes see, or a URL that pyarrow reads, such as ``s3://bucket/pictures``.
        destination: Likewise. What is missing of a path is made.
        extensions: Which files are pictures, in lower case.
        memory: Bytes of memory that a task reserves. A fit takes 13 MB for a picture of 768 x 512 and 80 MB for one of
            6000 x 4000, beside some 100 MB of the worker.
        retries: How often a picture is tried again whose worker or node died. A picture that kills its workers is a
            failure afterwards.
        limits: Of these, ``memory`` holds for the picture when it is read.
        progress: Show a bar of tqdm if that is installed, and else a line every ten seconds.
        settings: The keyword arguments of :func:`sirenc.encode` that say what is fitted, such as ``bpp`` or ``effort``.

    Returns:
        How many pictures were encoded, were there already, and failed, with bytes and times.

    Raises:
        ParameterError: A setting is out of range. It is raised before anything is done.
        OSError: The source cannot be listed, or the destination not be written.
    """
    if "threads" in settings:
        raise parameter_error("threads", settings["threads"], "left out: each picture is fitted by one core")
    work = _Work(Place.of(source), Place.of(destination), Settings(threads=1, **settings), limits or Limits.interactive())
    cores()
    jobs = _jobs(list(work.source.names()), tuple(extensions))
    work.destination.tidy()
    there = set(work.destination.names(there=False))
    run = _Run(work, jobs, there, {"num_cpus": 1, "memory": memory, "max_retries": retries})
    teller = _Teller(len(jobs), progress)
    try:
        for _ in run.outcomes():
            teller.tell(run.report)
    finally:
        teller.close()
        run.cancel()
    work.destination.tidy()
    lines = [json.dumps(dataclasses.asdict(failure)) + "\n" for failure in run.report.failures]
    if lines or FAILURES in there:
        work.destination.write(FAILURES, "".join(lines).encode())
    return run.report


def _jobs(names: list[str], extensions: tuple[str, ...]) -> dict[str, str]:
    """The names of pictures among ``names``, each with that of its file."""
    pictures = sorted(name for name in names if os.path.splitext(name)[1].lower() in extensions)
    stems = collections.Counter(os.path.splitext(name)[0] for name in pictures)

    def target(name: str) -> str:
        stem = os.path.splitext(name)[0]
        return f"{stem if stems[stem] == 1 else name}.siren"

    return {name: target(name) for name in pictures}


class _Run:
    """The tasks of a run that are under way, and what became of those that have finished."""

    def __init__(self, work: _Work, jobs: dict[str, str], there: set[str], resources: dict[str, Any]) -> None:
        self.report = Report(pictures=len(jobs))
        self._begin = time.monotonic()
        self._left = iter(jobs.items())
        self._there = there
        self._work = ray.put(work)
        self._task = ray.remote(_encode_one).options(**resources)
        self._running: dict[Any, str] = {}

    def outcomes(self) -> Iterator[_Outcome]:
        """Runs all tasks, and yields what becomes of each picture."""
        self._submit()
        while self._running:
            # The time-out lets nodes that have joined get work.
            done, _ = ray.wait(list(self._running), num_returns=1, timeout=5.0)
            for reference in done:
                outcome = self._outcome(reference, self._running.pop(reference))
                self._count(outcome)
                yield outcome
            self._submit()

    def cancel(self) -> None:
        """Ends the tasks that are under way, if there are any."""
        for reference in self._running:
            ray.cancel(reference, force=True)
        self._running.clear()

    def _submit(self) -> None:
        while len(self._running) < _AHEAD * cores():
            job = next(self._left, None)
            if job is None:
                return
            name, target = job
            reference = self._task.remote(self._work, name, target, target in self._there)
            self._running[reference] = name

    @staticmethod
    def _outcome(reference: Any, name: str) -> _Outcome:
        try:
            outcome: _Outcome = ray.get(reference)
        except RayError as error:
            # Its workers died, as often as it was tried.
            message = " ".join(str(error).split())[:500]
            return _Outcome(failure=Failure(name, type(error).__name__, message))
        return outcome

    def _count(self, outcome: _Outcome) -> None:
        report = self.report
        report.seconds = time.monotonic() - self._begin
        if outcome.failure is not None:
            report.failures.append(outcome.failure)
        elif outcome.skipped:
            report.skipped += 1
        else:
            report.encoded += 1
            report.bytes += outcome.bytes
            report.cpu_seconds += outcome.cpu_seconds


def _encode_one(work: _Work, name: str, target: str, there: bool) -> _Outcome:
    """The task of one picture, on a worker."""
    try:
        if there and _is_whole(work.destination, target):
            return _Outcome(skipped=True)
        begin = time.process_time()
        data = encode_with(work.source.read(name), work.settings, limits=work.limits)
        work.destination.write(target, data)
        return _Outcome(bytes=len(data), cpu_seconds=time.process_time() - begin)
    except (Error, OSError, MemoryError) as error:
        message = str(error).replace("<bytes>: ", "")
        return _Outcome(failure=Failure(name, type(error).__name__, message))


def _is_whole(place: Place, name: str) -> bool:
    """Whether a file is a ``.siren`` file whose checksum is right."""
    try:
        info(place.read(name), limits=Limits.none())
    except (Error, OSError):
        return False
    return True


class _Teller:
    """Tells how far a run is, on standard error."""

    def __init__(self, pictures: int, shown: bool) -> None:
        self._pictures, self._shown = pictures, shown
        self._told = time.monotonic()
        self._bar: Any = None
        if shown:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return
            self._bar = tqdm(total=pictures, unit="picture")

    def tell(self, report: Report) -> None:
        done = report.encoded + report.skipped + len(report.failures)
        if self._bar is not None:
            self._bar.set_postfix_str(f"{len(report.failures)} failed", refresh=False)
            self._bar.update(done - self._bar.n)
        elif self._shown and time.monotonic() - self._told > _TELLING:
            self._told = time.monotonic()
            left = (self._pictures - done) * report.seconds / max(done, 1)
            print(
                f"{done} of {self._pictures} pictures, {report.pictures_per_second:.2f} a second, "
                f"{len(report.failures)} failed, about {left:.0f} s left",
                file=sys.stderr,
            )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
