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


class Reporter:
    """What the native part calls during a fit, made of what the user gave; to be closed at the end."""

    def __init__(self, progress: ProgressLike, what: str) -> None:
        self.close: Callable[[], object] = lambda: None
        self.native: Native | None = None
        if callable(progress):
            told = progress
            self.native = lambda *facts: told(Progress(*facts))
        elif progress:
            self._show(what)

    def _show(self, what: str) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self.native, self.close = _line, lambda: print(file=sys.stderr)
            return
        bar: Any = tqdm(desc=what, unit="step", leave=True)

        def update(step: int, steps: int, loss: float, psnr: float, seconds: float) -> None:
            bar.total = steps
            bar.set_postfix_str(f"{psnr:.1f} dB", refresh=False)
            bar.update(step - bar.n)

        def close() -> None:
            if bar.total:
                bar.update(bar.total - bar.n)
            bar.close()

        self.native, self.close = update, close


def _line(step: int, steps: int, loss: float, psnr: float, seconds: float) -> None:
    print(f"\r{step} of {steps} steps, {psnr:.1f} dB ", end="", file=sys.stderr, flush=True)
