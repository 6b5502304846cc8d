#!/usr/bin/env python3
"""How good are pictures fitted to derivatives alone? Needs numpy and Pillow, and sirenc on the path or in $SIRENC.

  poisson.py fit PHOTO.png gradient|laplacian [options of `sirenc encode`]
  poisson.py blend A.png B.png mix|dominant [options of `sirenc blend`]

Prints the PSNR of the decoded picture as it is, after the best constant of each channel, and after the best
affine map of each; PSNR of gradients and Laplacians (differences of neighbours on both sides, relative to the
full range of samples); processor seconds of user and system, and half of them: the time on two quiet cores.
For a blend, the correlation of its gradient with the composed one.
"""

import os
import resource
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image


def read(path, channels=None):
    image = Image.open(path)
    if channels:
        image = image.convert("L" if channels == 1 else "RGB")
    samples = np.asarray(image, dtype=np.float64) / 255
    return samples.reshape(*samples.shape[:2], -1)


def sirenc(*arguments):
    subprocess.run([os.environ.get("SIRENC", "sirenc"), *arguments], check=True)


def coded(*arguments):
    """Runs sirenc to make a file; the decoded picture and the processor seconds of the first."""
    with tempfile.TemporaryDirectory() as folder:
        file, picture = f"{folder}/it.siren", f"{folder}/it.png"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        sirenc(*arguments, "-o", file)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        sirenc("decode", file, "-o", picture, "--quiet")
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return read(picture), seconds


def psnr(difference):
    return -10 * np.log10(np.mean(difference**2))


def affine(found, exact):
    """`found`, each channel mapped by the line that brings it nearest to `exact`."""
    mapped = np.empty_like(found)
    for channel in range(found.shape[2]):
        line = np.polyfit(found[..., channel].ravel(), exact[..., channel].ravel(), 1)
        mapped[..., channel] = np.polyval(line, found[..., channel])
    return mapped


def gradients(picture):
    return np.stack(np.gradient(picture, axis=(0, 1)))


def laplacian(picture):
    inner = picture[1:-1, 1:-1]
    across = picture[1:-1, 2:] + picture[1:-1, :-2]
    return across + picture[2:, 1:-1] + picture[:-2, 1:-1] - 4 * inner


def fit(path, what, *options):
    found, seconds = coded("encode", path, "--supervise", what, *options)
    exact = read(path)
    offset = np.mean(exact - found, axis=(0, 1))
    for name, difference in {
        "as decoded": found - exact,
        "after constants": found + offset - exact,
        "after affine maps": affine(found, exact) - exact,
        "gradients": gradients(found) - gradients(exact),
        "Laplacians": laplacian(found) - laplacian(exact),
    }.items():
        print(f"  {name:18} {psnr(difference):6.2f} dB")
    print(f"  {seconds:.1f} s of processor, {seconds / 2:.1f} s on two cores")


def blend(a, b, how, *options):
    if how == "dominant":
        options = ("--dominant", *options)
    found, seconds = coded("blend", a, b, *options)
    of_a, of_b = (gradients(read(path, found.shape[2])) for path in (a, b))
    strength_a, strength_b = (np.sum(g**2, axis=(0, 3)) for g in (of_a, of_b))
    stronger = (strength_b > strength_a)[None, :, :, None]
    composed = np.where(stronger, of_b, of_a) if how == "dominant" else (of_a + of_b) / 2
    correlation = np.corrcoef(gradients(found).ravel(), composed.ravel())[0, 1]
    print(f"  correlation with the composed gradient {correlation:.3f}")
    print(f"  {seconds:.1f} s of processor, {seconds / 2:.1f} s on two cores")


if __name__ == "__main__":
    commands = {"fit": fit, "blend": blend}
    if len(sys.argv) < 4 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
