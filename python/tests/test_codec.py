"""Pictures into files and back."""

import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest

import sirenc


def test_a_picture_comes_back(ramp, data):
    assert len(data) <= 600
    decoded = sirenc.decode(data)
    assert decoded.shape == ramp.shape and decoded.dtype == numpy.uint8
    error = numpy.mean((decoded.astype(float) - ramp) ** 2)
    assert sirenc.psnr(ramp, data) == pytest.approx(10 * numpy.log10(255**2 / error), abs=1e-6)
    assert sirenc.psnr(ramp, data) > 30


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [numpy.uint8, numpy.uint16, numpy.float32, numpy.float64])
def test_arrays_of_all_kinds_come_back_as_they_were(channels, dtype):
    shape = (10, 14) if channels is None else (10, 14, channels)
    peak = 1 if numpy.dtype(dtype).kind == "f" else numpy.iinfo(dtype).max
    array = numpy.full(shape, 0.6 * peak).astype(dtype)
    data = sirenc.encode(array, effort=1)
    decoded = sirenc.decode(data)
    # Gray has no axis of channels, and floats come back with 16 bits.
    assert decoded.shape == (shape if channels != 1 else (10, 14))
    assert decoded.dtype == (numpy.uint8 if dtype == numpy.uint8 else numpy.uint16)
    largest = numpy.iinfo(decoded.dtype).max
    assert numpy.allclose(decoded / largest, 0.6, atol=0.01)
    floats = sirenc.decode(data, dtype=numpy.float32)
    assert floats.dtype == numpy.float32 and numpy.allclose(floats, decoded / largest, atol=0.51 / largest)


def test_strides_and_byte_orders_do_not_matter(ramp):
    settings = {"bytes": 200, "steps": 60}
    plain = sirenc.encode(ramp, **settings)
    assert sirenc.encode(numpy.asfortranarray(ramp), **settings) == plain
    assert sirenc.encode(ramp[::-1][::-1], **settings) == plain
    deep = ramp.astype(numpy.uint16) * 257
    assert sirenc.encode(deep.astype(">u2"), **settings) == sirenc.encode(deep, **settings)


def test_threads_and_calls_do_not_change_bytes(ramp):
    files = {sirenc.encode(ramp, bytes=300, steps=100, seed=7, threads=threads) for threads in (None, 1, 2)}
    assert len(files) == 1
    assert sirenc.encode(ramp, bytes=300, steps=100, seed=8) not in files


def test_sizes_and_regions(data):
    whole = sirenc.decode(data, size=(100, 80))
    assert whole.shape == (80, 100, 3)
    part = sirenc.decode(data, size=(100, 80), region=(10, 20, 30, 40))
    assert numpy.array_equal(part, whole[20:60, 10:40])
    assert sirenc.decode(data, scale=0.5).shape == (24, 32, 3)


def test_derivatives_are_slopes_of_the_picture(data):
    values = sirenc.decode(data, scale=8, dtype=numpy.float32)
    gradient = sirenc.decode(data, scale=8, derivative="gradient")
    assert gradient.shape == (*values.shape, 2)
    # A pixel of the stored picture is 8 of these.
    slope = (values[:, 2:] - values[:, :-2]) * 4
    assert numpy.allclose(gradient[:, 1:-1, :, 0], slope, atol=3e-3)
    assert numpy.array_equal(sirenc.decode(data, scale=8, derivative="dy"), gradient[..., 1])
    laplacian = sirenc.decode(data, derivative="laplacian")
    assert laplacian.shape == (48, 64, 3) and laplacian.dtype == numpy.float32


def test_files_and_bytes_of_files(tmp_path, golden, ramp):
    from PIL import Image

    path = tmp_path / "ramp.png"
    Image.fromarray(ramp).save(path)
    settings = {"bytes": 200, "steps": 60}
    data = sirenc.encode(path, **settings)
    assert data == sirenc.encode(str(path), **settings)
    assert data == sirenc.encode(path.read_bytes(), **settings)
    assert data == sirenc.encode(ramp, **settings)
    file = tmp_path / "ramp.siren"
    file.write_bytes(data)
    for given in (file, str(file), bytearray(data), memoryview(data)):
        assert numpy.array_equal(sirenc.decode(given), sirenc.decode(data))


def test_info_says_what_there_is(data, golden):
    facts = sirenc.info(data)
    assert (facts["kind"], facts["width"], facts["height"]) == ("picture", 64, 48)
    assert facts["bytes"] == len(data) == sum(part["bytes"] for part in facts["parts"])
    assert facts["bpp"] == 8 * len(data) / (64 * 48)
    weights = sum(layer["outputs"] * (layer["inputs"] + 1) for layer in facts["layers"])
    assert weights == facts["parameters"]
    kinds = {sirenc.info(path)["kind"] for path in golden.glob("*.siren")}
    assert kinds == {"picture", "shape", "sound", "video"}


def test_supervision_and_grids_and_half_floats(ramp):
    for settings in (
        {"supervise": "gradient"},
        {"supervise": "laplacian"},
        {"half_floats": True, "width": 12},
        {"grids": True, "bytes": 1500},
    ):
        data = sirenc.encode(ramp, steps=100, **settings)
        assert sirenc.decode(data).shape == ramp.shape
    assert sirenc.info(data)["input_kind"] == "grids"


# Errors.


@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        ({"bytes": 5}, "bytes"),
        ({"bytes": 500, "bpp": 1.0}, "size"),
        ({"effort": 3, "steps": 100}, "length"),
        ({"effort": 10}, "effort"),
        ({"quality": 101}, "quality"),
        ({"psnr": float("nan")}, "PSNR"),
        ({"layers": 0}, "layers"),
        ({"omega_first": -1.0}, "omega"),
        ({"supervise": "curl"}, "supervise"),
        ({"supervise": "gradient", "grids": True}, "grids"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(ramp, settings, parameter):
    with pytest.raises(sirenc.ParameterError) as caught:
        sirenc.encode(ramp, **settings)
    assert parameter in caught.value.parameter
    assert str(caught.value) == f"{caught.value.parameter} is {caught.value.given}, but must be {caught.value.allowed}"
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "array",
    [
        numpy.zeros(5, numpy.uint8),
        numpy.zeros((2, 2, 5), numpy.uint8),
        numpy.zeros((0, 4), numpy.uint8),
        numpy.zeros((4, 0, 3)),
        numpy.zeros((4, 4), numpy.int32),
        numpy.zeros((4, 4), bool),
        numpy.full((4, 4), 1.5),
        numpy.full((4, 4), -0.1),
        numpy.full((4, 4), numpy.nan),
        numpy.full((4, 4), "a"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array):
    with pytest.raises(sirenc.ParameterError):
        sirenc.encode(array)


def test_damaged_files_are_refused(data, tmp_path):
    for end in range(len(data)):
        with pytest.raises(sirenc.FormatError):
            sirenc.open(data[:end])
    for index in range(0, len(data), 7):
        changed = bytearray(data)
        changed[index] ^= 0x10
        with pytest.raises(sirenc.FormatError, match="SPEC"):
            sirenc.decode(changed)
    path = tmp_path / "broken.siren"
    path.write_bytes(data[:-1])
    with pytest.raises(sirenc.FormatError, match="broken.siren"):
        sirenc.decode(path)


def test_foreign_files_that_cannot_be_read_say_why(tmp_path):
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    with pytest.raises(sirenc.MalformedError, match=r"empty.png: is empty"):
        sirenc.encode(empty)
    with pytest.raises(sirenc.UnsupportedError):
        sirenc.encode(b"no picture at all, but a text")
    with pytest.raises(FileNotFoundError):
        sirenc.encode(tmp_path / "none.png")
    with pytest.raises(TypeError):
        sirenc.encode(17)
    with pytest.raises(TypeError):
        sirenc.decode(17)


def test_limits_hold(data, ramp, tmp_path):
    from PIL import Image

    with pytest.raises(sirenc.LimitError) as caught:
        sirenc.decode(data, scale=1e5)
    assert caught.value.quantity == "pixels" and caught.value.asked > caught.value.allowed
    with pytest.raises(sirenc.LimitError):
        sirenc.decode(data, limits=sirenc.Limits(operations=1000))
    with pytest.raises(sirenc.LimitError):
        # As floats it takes more memory than its strips do.
        sirenc.decode(data, size=(3000, 3000), dtype=numpy.float32, limits=sirenc.Limits(memory=60 << 20))
    path = tmp_path / "large.png"
    Image.new("RGB", (3000, 3000)).save(path)
    with pytest.raises(sirenc.LimitError, match="Limits"):
        sirenc.encode(path, limits=sirenc.Limits(memory=1 << 20))
    assert sirenc.decode(data, limits=sirenc.Limits.none(), size=(9, 9)).shape == (9, 9, 3)
    assert sirenc.Limits.interactive().operations > sirenc.Limits().operations


def test_errors_survive_pickling(data):
    with pytest.raises(sirenc.LimitError) as caught:
        sirenc.decode(data, scale=1e5)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is sirenc.LimitError and str(again) == str(caught.value)
    assert again.__dict__ == caught.value.__dict__


def test_what_is_lost_is_warned_of(ramp):
    # A profile of tables, of which nothing is known but its signature and its size.
    profile = bytearray(600)
    profile[36:40], profile[16:20], profile[12:16] = b"acsp", b"RGB ", b"prtr"
    profile[0:4] = len(profile).to_bytes(4, "big")
    with pytest.warns(sirenc.SirencWarning, match="profile"):
        data = sirenc.encode(ramp, steps=30, icc=bytes(profile))
    assert sirenc.open(data).icc == bytes(profile)
    with pytest.raises(sirenc.UnsupportedError, match="profile"):
        sirenc.encode(ramp, steps=30, bytes=300, icc=bytes(profile))
    with pytest.raises(TypeError, match="icc"):
        sirenc.encode(b"", icc=b"")


# Progress and interruptions.


def test_progress_is_told_and_can_stop_a_fit(ramp):
    told = []
    sirenc.encode(ramp, bytes=1500, steps=800, progress=told.append)
    assert told and all(isinstance(it, sirenc.Progress) for it in told)
    assert told[0].step <= told[-1].step <= told[-1].steps
    begin = time.monotonic()
    data = sirenc.encode(ramp, bytes=1500, steps=200_000, progress=lambda it: it.seconds < 0.3)
    assert sirenc.decode(data).shape == ramp.shape
    assert time.monotonic() - begin < 30


def test_what_progress_raises_ends_the_fit(ramp):
    def fail(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sirenc.encode(ramp, bytes=1500, steps=200_000, progress=fail)


def test_progress_is_shown(ramp, capsys):
    sirenc.encode(ramp, bytes=500, steps=200, progress=True)
    told = capsys.readouterr().err
    assert "step" in told and "dB" in told


def test_progress_is_shown_without_tqdm(ramp, capsys, monkeypatch):
    for name in ("tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, name, None)
    sirenc.encode(ramp, bytes=500, steps=200, progress=True)
    assert " of 200 steps" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interruption_ends_a_fit():
    code = (
        "import numpy, sirenc\n"
        "rows, columns = numpy.mgrid[0:256, 0:256]\n"
        "picture = ((rows * columns) % 251).astype(numpy.uint8)\n"
        "print('begin', flush=True)\n"
        "sirenc.encode(picture, steps=4_000_000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begin\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (1, -signal.SIGINT, 130) and "KeyboardInterrupt" in errors


def test_the_lock_is_released(ramp):
    ticks, done = 0, threading.Event()

    def tick():
        nonlocal ticks
        while not done.wait(0.005):
            ticks += 1

    ticker = threading.Thread(target=tick)
    ticker.start()
    begin = time.monotonic()
    sirenc.encode(ramp, bytes=2000, steps=1200)
    elapsed = time.monotonic() - begin
    done.set()
    ticker.join()
    # Under load a tick takes longer than it should; with the lock held, there would be one or two.
    assert ticks > 10 * elapsed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_processes_work(data):
    field = sirenc.Field(data)
    expected = field([[0.1, 0.2]]), sirenc.decode(data, scale=2)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        found = field([[0.1, 0.2]]), sirenc.decode(data, scale=2)
        os.write(write, b"y" if all(map(numpy.array_equal, found, expected)) else b"n")
        os._exit(0)
    os.close(write)
    timer = threading.Timer(60, os.kill, (child, signal.SIGKILL))
    timer.start()
    answer = os.read(read, 1)
    timer.cancel()
    os.waitpid(child, 0)
    assert answer == b"y"


def test_the_command_writes_the_same_bytes(tmp_path, ramp):
    """Where the command was built beside the package."""
    command = pathlib.Path(__file__).parents[2] / "target" / "release" / "sirenc"
    if not command.exists():
        pytest.skip("the command was not built")
    from PIL import Image

    source, target = tmp_path / "ramp.png", tmp_path / "ramp.siren"
    Image.fromarray(ramp).save(source)
    subprocess.run([command, "encode", source, "-o", target, "--bytes", "300", "--steps", "80", "-q"], check=True)
    assert target.read_bytes() == sirenc.encode(source, bytes=300, steps=80)
