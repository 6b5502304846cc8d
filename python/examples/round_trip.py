"""From an array to a file and back."""

import pathlib

import numpy
import sirenc

rows, columns = numpy.mgrid[0:240, 0:320]
waves = [127 + 60 * numpy.sin(columns / a) + 60 * numpy.cos(rows / b) for a, b in ((40, 30), (25, 60), (70, 20))]
picture = numpy.stack(waves, axis=-1).astype(numpy.uint8)

pathlib.Path("waves.siren").write_bytes(sirenc.encode(picture, bytes=1000, effort=3))
decoded = sirenc.decode("waves.siren", scale=2)
print(decoded.shape, f"{sirenc.psnr(picture, 'waves.siren'):.1f} dB in {sirenc.info('waves.siren')['bytes']} bytes")
