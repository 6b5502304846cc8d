"""Folders of pictures on a real cluster of Ray: a head and two more nodes, as processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest
from PIL import Image

import sirenc

ray = pytest.importorskip("ray")
cluster_utils = pytest.importorskip("ray.cluster_utils")

import sirenc.ray  # noqa: E402

SETTINGS = {"bytes": 400, "steps": 60}
MEMORY = {"memory": 200 << 20}


@pytest.fixture(scope="module")
def cluster():
    node = {"num_cpus": 1, "memory": 1 << 30, "object_store_memory": 100 << 20, "include_dashboard": False}
    cluster = cluster_utils.Cluster(initialize_head=True, connect=True, head_node_args=node)
    cluster.nodes_that_can_die = [cluster.add_node(**node) for _ in range(2)]
    cluster.node = node
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def picture(seed, shape=(32, 48, 3)):
    random = numpy.random.default_rng(seed)
    rows, columns = numpy.mgrid[0 : shape[0], 0 : shape[1]]
    waves = [128 + 100 * numpy.sin(rows * a + columns * b) for a, b in random.uniform(0, 0.3, (3, 2))]
    return numpy.stack(waves, axis=-1).astype(numpy.uint8)


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures in three folders, two that are broken, and a text."""
    source = tmp_path / "pictures"
    for index in range(12):
        path = source / f"{index % 3}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(index)).save(path)
    (source / "0" / "broken.png").write_bytes((source / "0" / "0.png").read_bytes()[:200])
    (source / "none.jpg").write_bytes(b"this is no picture")
    (source / "notes.txt").write_text("left alone")
    return source


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def check_all(source, target):
    """Every picture has its file, whole and with the bytes that one call makes, and there is nothing else."""
    expected = sorted(f"{index % 3}/{index}.siren" for index in range(12))
    assert files(target) == sorted([*expected, "failures.jsonl"])
    for name in expected:
        assert (target / name).read_bytes() == sirenc.encode(source / name.replace(".siren", ".png"), **SETTINGS)


def test_a_folder_and_a_second_time(cluster, folder, tmp_path):
    target = tmp_path / "out"
    report = sirenc.ray.encode_folder(folder, target, **MEMORY, **SETTINGS)
    assert (report.pictures, report.encoded, report.skipped, len(report.failures)) == (14, 12, 0, 2)
    assert report.bytes == sum(path.stat().st_size for path in target.rglob("*.siren"))
    assert "12 encoded" in str(report) and report.cpu_seconds > 0
    check_all(folder, target)
    failures = [json.loads(line) for line in (target / "failures.jsonl").read_text().splitlines()]
    assert {it["name"]: it["error"] for it in failures} == {"0/broken.png": "MalformedError", "none.jpg": "UnsupportedError"}

    # What is damaged, or missing, is done again; the rest is left alone.
    whole = target / "1" / "1.siren"
    before = whole.stat().st_mtime_ns
    (target / "0" / "0.siren").write_bytes((target / "0" / "0.siren").read_bytes()[:-3])
    (target / "0" / "3.siren").unlink()
    (target / "0" / ".3.siren.0123.part").write_bytes(b"left by somebody who was killed")
    Image.fromarray(picture(99)).save(folder / "none.jpg")
    report = sirenc.ray.encode_folder(f"file://{folder}", target, **MEMORY, **SETTINGS)
    assert (report.encoded, report.skipped, len(report.failures)) == (3, 10, 1)
    assert whole.stat().st_mtime_ns == before
    (target / "none.siren").unlink()
    check_all(folder, target)


def test_names_that_differ_in_their_extensions_alone(cluster, tmp_path):
    source, target = tmp_path / "pictures", tmp_path / "out"
    source.mkdir()
    for name in ("a.png", "a.bmp", "b.PNG"):
        Image.fromarray(picture(1)).save(source / name)
    sirenc.ray.encode_folder(source, target, **MEMORY, **SETTINGS)
    assert files(target) == ["a.bmp.siren", "a.png.siren", "b.siren"]


def test_a_node_that_is_killed(cluster, tmp_path):
    source, target = tmp_path / "pictures", tmp_path / "out"
    source.mkdir()
    for index in range(24):
        Image.fromarray(picture(index)).save(source / f"{index}.png")
    settings = {"bytes": 600, "steps": 600}
    reports = []
    run = threading.Thread(
        target=lambda: reports.append(sirenc.ray.encode_folder(source, target, **MEMORY, **settings))
    )
    run.start()
    deadline = time.monotonic() + 120
    while len(list(target.glob("*.siren"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.is_alive(), "the run was over before a node could be killed"
    cluster.remove_node(cluster.nodes_that_can_die.pop(), allow_graceful=False)
    run.join(timeout=240)
    assert not run.is_alive()
    (report,) = reports
    assert (report.encoded, report.failures) == (24, [])
    assert files(target) == sorted(f"{index}.siren" for index in range(24))
    for index in (0, 11, 23):
        assert (target / f"{index}.siren").read_bytes() == sirenc.encode(source / f"{index}.png", **settings)


def test_a_picture_that_kills_its_workers(cluster, folder, tmp_path, monkeypatch):
    target = tmp_path / "out"
    # Workers get the function by value, so that they run this one.
    from sirenc.ray import _folder

    encode_one = _folder._encode_one

    def deadly(work, name, place, there):
        if name == "1/4.png":
            os.kill(os.getpid(), signal.SIGKILL)
        return encode_one(work, name, place, there)

    monkeypatch.setattr(_folder, "_encode_one", deadly)
    report = sirenc.ray.encode_folder(folder, target, retries=1, **MEMORY, **SETTINGS)
    assert report.encoded == 11 and len(report.failures) == 3
    (killed,) = [it for it in report.failures if it.name == "1/4.png"]
    assert "Crashed" in killed.error or "Died" in killed.error


def test_settings_are_checked_before_anything_is_done(tmp_path):
    for settings in ({"effort": 10}, {"threads": 2}, {"bytes": 1, "bpp": 2.0}):
        with pytest.raises(sirenc.ParameterError):
            sirenc.ray.encode_folder(tmp_path, tmp_path / "out", **settings)
    with pytest.raises(TypeError):
        sirenc.ray.encode_folder(tmp_path, tmp_path / "out", colour="red")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there(cluster, tmp_path):
    with pytest.raises(FileNotFoundError):
        sirenc.ray.encode_folder(tmp_path / "none", tmp_path / "out")


def test_a_stage_of_ray_data(cluster):
    pytest.importorskip("pandas", reason="Ray Data wants it")
    arrays = numpy.stack([picture(index) for index in range(6)])
    dataset = sirenc.ray.encode_dataset(ray.data.from_numpy(arrays), column="data", memory=200 << 20, **SETTINGS)
    rows = dataset.take_all()
    assert sorted(row["siren"] for row in rows) == sorted(sirenc.encode(it, **SETTINGS) for it in arrays)
    assert all(row["error"] is None for row in rows)
    items = [{"bytes": b"no picture"}, {"bytes": png(picture(3))}]
    dataset = sirenc.ray.encode_dataset(ray.data.from_items(items), column="bytes", memory=200 << 20, **SETTINGS)
    good = {row["bytes"]: row for row in dataset.take_all()}
    assert good[b"no picture"]["siren"] is None and "UnsupportedError" in good[b"no picture"]["error"]
    assert good[items[1]["bytes"]]["siren"] == sirenc.encode(picture(3), **SETTINGS)


def png(array):
    import io

    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def test_a_run_that_is_interrupted_goes_on(cluster, folder, tmp_path):
    """The driver, with a cluster of its own, is interrupted; the next run does the rest."""
    target = tmp_path / "out"
    code = (
        "import ray, sys, sirenc.ray\n"
        "ray.init(address='local', num_cpus=1, include_dashboard=False, logging_level='error')\n"
        "sirenc.ray.encode_folder(sys.argv[1], sys.argv[2], memory=200 << 20, bytes=400, steps=2000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, folder, target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(target.rglob("*.siren")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    done = list(target.rglob("*.siren"))
    assert done and all(sirenc.info(path)["width"] == 48 for path in done)
    assert not (target / "failures.jsonl").exists()
    report = sirenc.ray.encode_folder(folder, target, bytes=400, steps=2000, **MEMORY)
    assert report.skipped >= len(done) and report.skipped + report.encoded == 12
    assert len(files(target)) == 13
