#!/usr/bin/env python3
"""Measures a picture's function between its pixels: enlargement, and derivatives.

usage: benches/between.py [--sirenc PROGRAM] [--jobs N] PICTURES OUT [encode options]

Every picture of the folder PICTURES (PNG) is reduced to a half by the average of 2 x 2 pixels, encoded with the options,
and decoded at its own size and at twice that. OUT receives the files. For each picture a line has

  bpp        bits per pixel of the reduced picture
  x1         PSNR of the decode against the reduced picture
  x2         PSNR of the decode at --scale 2 against the original
  lanczos    PSNR of the decode at its own size, enlarged by Lanczos, against the original
  ssim2      SSIMULACRA2 of the two enlargements, if the package ssimulacra2 is installed
  gradient   correlation of the decoder's dx and dy with central differences of the decode at its own size
  laplacian  correlation of the decoder's Laplacian with the five-point Laplacian of that decode

needs: pip install numpy pillow [ssimulacra2]
"""
import argparse
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

try:
    from ssimulacra2 import compute_ssimulacra2
except ImportError:
    compute_ssimulacra2 = None

COLUMNS = ["bpp", "x1", "x2", "lanczos", "ssim2 x2", "ssim2 lanczos", "gradient", "laplacian", "cpu s"]


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"), np.float64)


def psnr(a, b):
    return 10 * np.log10(255.0**2 / np.mean((a - b) ** 2))


def correlation(a, b):
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def derivatives(values):
    """Central differences by x and y, and five-point Laplacians, away from the edges."""
    inner = values[1:-1, 1:-1]
    right, left = values[1:-1, 2:], values[1:-1, :-2]
    below, above = values[2:, 1:-1], values[:-2, 1:-1]
    gradient = np.stack([right - left, below - above], axis=-1) / 2
    return gradient, right + left + below + above - 4 * inner


def one(picture, out, sirenc, options):
    name = picture.stem
    original = pixels(picture)
    height, width = (length // 2 * 2 for length in original.shape[:2])
    original = original[:height, :width]
    halves = original.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    half, coded = out / f"{name}.half.png", out / f"{name}.siren"
    Image.fromarray((halves + 0.5).astype(np.uint8)).save(half)

    def run(*arguments):
        command = ["bash", "-c", 'TIMEFORMAT="%U"; time "$@"', "time", sirenc, *map(str, arguments), "--force", "--quiet"]
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(ended.stderr.split()[-1])

    seconds = run("encode", half, "-o", coded, "--threads", "1", *options)
    once, twice = out / f"{name}.x1.png", out / f"{name}.x2.png"
    run("decode", coded, "-o", once)
    run("decode", coded, "-o", twice, "--scale", "2")
    arrays = {}
    for which in ["values", "gradient", "laplacian"]:
        array = out / f"{name}.{which}.npy"
        run("decode", coded, "-o", array, *([] if which == "values" else ["--derivative", which]))
        arrays[which] = np.load(array).astype(np.float64)
        array.unlink()
    lanczos_path = out / f"{name}.lanczos.png"
    Image.open(once).resize((width, height), Image.LANCZOS).save(lanczos_path)
    gradient, laplacian = derivatives(arrays["values"])
    exact = arrays["gradient"].reshape(*arrays["values"].shape, 2)[1:-1, 1:-1]
    similarity = [np.nan, np.nan]
    if compute_ssimulacra2:
        cropped = out / f"{name}.original.png"
        Image.fromarray(original.astype(np.uint8)).save(cropped)
        similarity = [compute_ssimulacra2(str(cropped), str(path)) for path in [twice, lanczos_path]]
    return [
        coded.stat().st_size * 8 / (halves.shape[0] * halves.shape[1]),
        psnr(pixels(half), pixels(once)),
        psnr(original, pixels(twice)),
        psnr(original, pixels(lanczos_path)),
        *similarity,
        correlation(exact, gradient),
        correlation(arrays["laplacian"][1:-1, 1:-1], laplacian),
        seconds,
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sirenc", default=pathlib.Path(__file__).parent / "../target/release/sirenc")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    known, options = parser.parse_known_args()
    known.sirenc = pathlib.Path(known.sirenc).resolve()
    known.out.mkdir(parents=True, exist_ok=True)
    print(f"{'':12}" + "".join(f"{column:>14}" for column in COLUMNS))
    pictures = sorted(known.pictures.glob("*.png"))
    rows = []
    with ThreadPoolExecutor(known.jobs) as pool:
        work = lambda picture: one(picture, known.out, known.sirenc, options)
        for picture, row in zip(pictures, pool.map(work, pictures)):
            rows.append(row)
            print(f"{picture.stem:12}" + "".join(f"{value:14.4f}" for value in row), flush=True)
    print(f"{'mean':12}" + "".join(f"{value:14.4f}" for value in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
