#!/usr/bin/env python3
"""Encodes every file of a folder, decodes what comes of it, and prints a table of what each gave.

Usage: cases.py FOLDER BINARY [BINARY ...]

The decoded file is held against an independent reader of the original where one is installed: Pillow for
pictures, soundfile for sounds, trimesh for surfaces. Fits are short: the table is about what is read, what is
refused and how, and fits that collapse.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

QUICK = {"shape": ["--bytes", "1500", "--effort", "1"], "sound": ["--effort", "2"]}
SURFACES = {".ply", ".obj", ".stl", ".xyz"}
SOUNDS = {".wav", ".flac", ".aiff", ".mp3", ".ogg"}
TIMEOUT = 600


def kind(path):
    """What a file holds, by its extension."""
    extension = path.suffix.lower()
    if extension in SURFACES:
        return "shape"
    return "sound" if extension in SOUNDS else "picture"


def run(*command):
    """Runs a command and returns its status, standard output and standard error."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return 124, "", "no end in ten minutes"
    return done.returncode, done.stdout, done.stderr


def picture_reference(original, decoded):
    """PSNR in dB of the decoded picture against the original as Pillow reads it, converted to sRGB."""
    import io

    import numpy
    from PIL import Image, ImageCms

    def read(path):
        picture = Image.open(path)
        profile = picture.info.get("icc_profile")
        picture = picture.convert("RGBA")
        if profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            colours = ImageCms.profileToProfile(picture.convert("RGB"), source, ImageCms.createProfile("sRGB"))
            colours.putalpha(picture.getchannel("A"))
            picture = colours
        pixels = numpy.asarray(picture, dtype=float)
        seen = pixels[..., 3:] > 0
        return numpy.concatenate([pixels[..., :3] * seen, pixels[..., 3:]], -1)

    first, second = read(original), read(decoded)
    if first.shape != second.shape:
        return f"Pillow: {first.shape[1]}x{first.shape[0]}, not {second.shape[1]}x{second.shape[0]}"
    error = ((first - second) ** 2).mean()
    return "Pillow: equal" if error == 0 else f"Pillow: {10 * numpy.log10(255**2 / error):.1f} dB"


def sound_reference(original, decoded):
    """Signal-to-noise ratio in dB of the decoded sound against the original as soundfile reads it."""
    import numpy
    import soundfile

    (first, rate), (second, other) = soundfile.read(original), soundfile.read(decoded)
    if (first.shape, rate) != (second.shape, other):
        return f"soundfile: {first.shape} at {rate} Hz, not {second.shape} at {other} Hz"
    noise = ((first - second) ** 2).mean()
    if noise == 0:
        return "soundfile: equal"
    return f"soundfile: SNR {10 * numpy.log10((first**2).mean() / noise):.1f} dB"


def surface_reference(original, decoded):
    """How far the bounds of the decoded mesh are from those of the original as trimesh reads it."""
    import numpy
    import trimesh

    first, second = trimesh.load(original, process=False), trimesh.load(decoded, process=False)
    size = numpy.linalg.norm(first.bounds[1] - first.bounds[0])
    return f"trimesh: bounds {abs(first.bounds - second.bounds).max() / size * 100:.1f} % off"


REFERENCES = {
    "picture": (".png", picture_reference),
    "sound": (".wav", sound_reference),
    "shape": (".ply", surface_reference),
}


def case(binary, path, folder):
    """What `binary` makes of the file at `path`: a cell of the table."""
    stored = folder / "case.siren"
    stored.unlink(missing_ok=True)
    options = QUICK.get(kind(path), [])
    status, out, err = run(binary, "encode", str(path), "-o", str(stored), "-f", *options)
    words = re.sub(r"\s+", " ", err).strip().replace(str(path), path.name).replace("|", "/")
    if status != 0 or not stored.exists():
        return f"{status}: {words[:160]}"
    line = out.strip().split("  ", 1)
    told = re.sub(r"\s+\S+ s$", "", line[1] if len(line) > 1 else "")
    extension, reference = REFERENCES[kind(path)]
    target = folder / f"case{extension}"
    status, _, err = run(binary, "decode", str(stored), "-o", str(target), "-f")
    if status != 0:
        checked = "a video" if "video" in err else f"decode {status}: {err.strip()[:80]}"
    else:
        try:
            checked = reference(path, target)
        except Exception as error:  # The reference reads fewer files than we do.
            checked = f"no reference ({type(error).__name__})"
    return "; ".join(filter(None, [told, checked, words[:120]]))


def main():
    folder, *binaries = sys.argv[1:]
    files = sorted(path for path in pathlib.Path(folder).iterdir() if path.is_file() and path.suffix != ".md")
    print("| file | " + " | ".join(["before", "now"][-len(binaries) :] if len(binaries) < 3 else binaries) + " |")
    print("|---" * (len(binaries) + 1) + "|")
    for path in files:
        with tempfile.TemporaryDirectory() as scratch:
            cells = [case(binary, path, pathlib.Path(scratch)) for binary in binaries]
        print(f"| {path.name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
