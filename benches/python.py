#!/usr/bin/env python3
"""What calls from Python, and Ray, cost. Needs the package with Ray, PyTorch and Pillow.

  python.py call SIRENC PICTURE...      processor seconds of a call beside those of the command SIRENC
  python.py pictures FOLDER PICTURE...  500 thumbnails for what follows, ten of which are broken
  python.py pool FOLDER                 pictures a second on a process pool of two
  python.py ray FOLDER                  the same on one node of two cores
  python.py cluster FOLDER              the same on a head and two more nodes of one core each
  python.py killed FOLDER               the same, and one of the nodes is killed in the middle
  python.py torch                       largest differences from PyTorch
  python.py costs PICTURE               processor seconds and memory of a picture at several efforts

Times of processors are user and system together.
"""

import concurrent.futures
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time

import numpy
from PIL import Image

import sirenc

SIDE = 64
"""Pixels of a side of a thumbnail."""
SETTINGS = {"bytes": 300, "steps": 300}
"""What is made of a thumbnail: about a tenth of a second of a core."""


def spent(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def call(command, *pictures):
    """The smallest of three runs each, as neighbours on a machine only add to it. Bytes are the same."""
    settings = {"bpp": 0.1, "effort": 3}
    ratios = []
    for picture in pictures:
        commands, calls = [], []
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / "it.siren"
            for _ in range(3):
                before = spent(resource.RUSAGE_CHILDREN)
                arguments = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
                subprocess.run([command, "encode", picture, "-o", target, "-q", "-f", *arguments], check=True)
                commands.append(spent(resource.RUSAGE_CHILDREN) - before)
                before = spent(resource.RUSAGE_SELF)
                data = sirenc.encode(picture, **settings)
                calls.append(spent(resource.RUSAGE_SELF) - before)
                assert data == target.read_bytes()
        ratios.append(min(calls) / min(commands))
        name = os.path.basename(picture)
        print(f"{name}: command {min(commands):.2f} s, call {min(calls):.2f} s, ratio {ratios[-1]:.3f}", flush=True)
    print(f"mean ratio {numpy.mean(ratios):.3f}")


def pictures(folder, *sources):
    os.makedirs(folder, exist_ok=True)
    random = numpy.random.default_rng(0)
    images = [Image.open(source).convert("RGB") for source in sources]
    for index in range(500):
        image = images[index % len(images)]
        side = int(random.integers(200, 400))
        x, y = (int(random.integers(0, length - side)) for length in image.size)
        path = pathlib.Path(folder) / f"{index // 100}" / f"{index:03}.png"
        path.parent.mkdir(exist_ok=True)
        image.crop((x, y, x + side, y + side)).resize((SIDE, SIDE)).save(path)
        if index % 50 == 7:
            path.write_bytes(path.read_bytes()[: 500 if index % 100 == 7 else 0])


def one(source, target):
    """The same work without Ray."""
    begin = time.process_time()
    try:
        data = sirenc.encode(source, threads=1, **SETTINGS)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_bytes(data)
        part.replace(target)
    except sirenc.Error:
        return None
    return time.process_time() - begin


def pool(folder, target):
    folder = pathlib.Path(folder)
    sources = sorted(folder.rglob("*.png"))
    targets = [(target / source.relative_to(folder)).with_suffix(".siren") for source in sources]
    with concurrent.futures.ProcessPoolExecutor(2) as workers:
        begin = time.monotonic()
        done = list(workers.map(one, sources, targets))
        seconds = time.monotonic() - begin
    good = [it for it in done if it is not None]
    tell("process pool", len(good), len(done) - len(good), seconds, sum(good))


def tell(what, encoded, failed, seconds, cpu_seconds):
    print(
        f"{what}: {encoded} encoded, {failed} failed, {seconds:.1f} s, {encoded / seconds:.2f} a second; "
        f"{cpu_seconds:.1f} s of processors in tasks, {cpu_seconds / seconds:.2f} of 2 cores",
        flush=True,
    )


def on_ray(what, folder, target):
    import sirenc.ray

    report = sirenc.ray.encode_folder(folder, target, memory=200 << 20, **SETTINGS)
    tell(what, report.encoded, len(report.failures), report.seconds, report.cpu_seconds)
    return report


def one_node(folder, target):
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="error")
    warm(ray)
    on_ray("one node", folder, target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*.siren")}
    on_ray("one node again", folder, target)
    assert before == {path: path.stat().st_mtime_ns for path in target.rglob("*.siren")}


def warm(ray):
    """Starts the workers, as those of the pool are when it is measured."""

    def load():
        import sirenc.ray  # noqa: F401

        time.sleep(2)

    ray.get([ray.remote(load).options(num_cpus=1).remote() for _ in range(2)])


def cluster(folder, target, killed=False):
    import ray
    from ray.cluster_utils import Cluster

    node = {"memory": 2 << 30, "object_store_memory": 100 << 20, "include_dashboard": False}
    made = Cluster(initialize_head=True, connect=True, head_node_args={"num_cpus": 0, **node})
    nodes = [made.add_node(num_cpus=1, **node) for _ in range(2)]
    made.wait_for_nodes()
    warm(ray)
    if killed:

        def kill():
            while len(list(target.rglob("*.siren"))) < 30:
                time.sleep(0.1)
            made.remove_node(nodes[0], allow_graceful=False)
            print("a node is killed after 30 files", flush=True)

        threading.Thread(target=kill, daemon=True).start()
    on_ray("cluster, a node killed" if killed else "cluster of three", folder, target)
    files = sorted(path.relative_to(target) for path in target.rglob("*") if path.is_file())
    whole = sum(1 for path in target.rglob("*.siren") if sirenc.info(path)["width"] == SIDE)
    print(f"{len(files)} files in the destination, {whole} of them whole pictures, {len(set(files))} different names")
    ray.shutdown()
    made.shutdown()


def beside_torch():
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python" / "tests"))
    import test_field
    import torch

    torch.manual_seed(0)
    rows, columns = numpy.mgrid[0:96, 0:128]
    picture = (127 + 60 * numpy.sin(columns / 9) + 60 * numpy.cos(rows / 7)).astype(numpy.uint8)
    points = numpy.random.default_rng(0).uniform(-1, 1, (20_000, 2)).astype("float32")
    print("| from | module | values | gradients | Laplacians |\n|---|---|---|---|---|")

    def row(what, layout, field, net):
        found = field.jet(points)
        for bits in (64, 32):
            net = net.to(getattr(torch, f"float{bits}"))
            expected = test_field.torch_jet(torch, net, points.astype(f"float{bits}"))
            shown = [f"{numpy.abs(a - b).max():.1e} of {numpy.abs(b).max():.3g}" for a, b in zip(found, expected)]
            print(f"| {what}, PyTorch of {bits} bits | {layout} | {' | '.join(shown)} |")

    for layout in test_field.MODULES[:2]:
        field = sirenc.Field(sirenc.encode(picture, bytes=2000, effort=3))
        widths = [2, *(len(bias) for _, bias in field.layers)]
        net = test_field.module(torch, layout, widths, field.omega_first, field.omega_hidden)
        net.load_state_dict(field.to_state_dict(layout))
        row("a file of ours", layout, field, net)
        net = test_field.module(torch, layout, [2, 64, 64, 64, 3], 30.0, 30.0)
        with torch.no_grad():
            given = test_field.layers((2, 64, 64, 64, 3))
            for parameter, (weights, _) in zip(list(net.parameters())[::2], given):
                parameter.copy_(torch.tensor(weights))
        data = sirenc.from_state_dict(net.state_dict(), (128, 96))
        row(f"a network of theirs in {len(data)} bytes", layout, sirenc.Field(data), net)


def costs(picture):
    print("| bits per pixel | effort | PSNR | seconds of a core | most memory |\n|---|---|---|---|---|")
    for bpp in (0.1, 0.25):
        for effort in (1, 2, 3, 5):
            code = f"import sirenc; d = sirenc.encode({picture!r}, bpp={bpp}, effort={effort}, threads=1); print(sirenc.psnr({picture!r}, d))"
            process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            psnr = float(process.stdout.read())
            _, _, usage = os.wait4(process.pid, 0)
            seconds = usage.ru_utime + usage.ru_stime
            print(f"| {bpp} | {effort} | {psnr:.2f} dB | {seconds:.1f} | {usage.ru_maxrss / 1024:.0f} MiB |", flush=True)


def main():
    what, *arguments = sys.argv[1:] or ["help"]
    plain = {"call": call, "pictures": pictures, "torch": beside_torch, "costs": costs}
    timed = {"pool": pool, "ray": one_node, "cluster": cluster, "killed": lambda *it: cluster(*it, killed=True)}
    if what in plain:
        plain[what](*arguments)
    elif what in timed:
        with tempfile.TemporaryDirectory() as folder:
            timed[what](*arguments, pathlib.Path(folder) / "out")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
