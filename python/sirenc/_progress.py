"""Telling how far a fit is."""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, Union


class Progress(NamedTuple):
    """How far a fit is."""

    step: int
    """Steps finished. It falls back where a diverged fit is resumed."""
    steps: int
    """Steps planned, as far as can be seen."""
    loss: float
    """Mean loss over recent batches. For pictures it is the squared error where samples span -1 to 1."""
    psnr: float
    """The PSNR in dB that the loss amounts to: an estimate from batches, not the final figure."""
    seconds: float
    """Time since the fit began."""


ProgressLike: TypeAlias = Union[None, bool, Callable[[Progress], object]]
"""``None`` or ``False`` for silence; ``True`` for a bar of tqdm if that is installed, and else a line on standard error;
or a function that gets a :class:`Progress` some twenty times a second. Where the function returns ``False``, the fit ends
early with the best that it has. What it raises ends the fit without a result."""

Native: TypeAlias = Callable[[int, int, float, float, float], object]


def decibels(progress: Progress) -> str:
    """How good the fit of a picture is so far."""
    return f"{progress.psnr:.1f} dB"


def loss(progress: Progress) -> str:
    """How good any other fit is so far."""
    return f"loss {progress.loss:.2e}"


class Reporter:
    """What the native part calls during a fit, made of what the user gave; to be closed at the end.

    Args:
        progress: What the user gave.
        what: What is done, in a word.
        quality: What to show of how good the fit is.
    """

    def __init__(self, progress: ProgressLike, what: str, quality: Callable[[Progress], str]) -> None:
        self.close: Callable[[], object] = lambda: None
        self.native: Native | None = None
        show = progress if callable(progress) else self._shown(what, quality) if progress else None
        if show is not None:
            told = show
            self.native = lambda *facts: told(Progress(*facts))

    def _shown(self, what: str, quality: Callable[[Progress], str]) -> Callable[[Progress], object]:
        """A function that shows how far the fit is, on standard error."""
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self.close = lambda: print(file=sys.stderr)
            return lambda it: print(
                f"\r{it.step} of {it.steps} steps, {quality(it)} ", end="", file=sys.stderr, flush=True
            )
        bar: Any = tqdm(desc=what, unit="step")

        def update(progress: Progress) -> None:
            bar.total = progress.steps
            bar.set_postfix_str(quality(progress), refresh=False)
            bar.update(progress.step - bar.n)

        def close() -> None:
            if bar.total:
                bar.update(bar.total - bar.n)
            bar.close()

        self.close = close
        return update
