"""A picture out of its gradients alone, by Poisson's equation (Sitzmann et al. 2020, section 4.1).

    python poisson.py [PICTURE]

Writes poisson.png: the picture, and what a network that has seen nothing of it but its slopes makes of them.
"""

import sys

import numpy
from PIL import Image

import sirenc

if len(sys.argv) > 1:
    image = Image.open(sys.argv[1]).convert("L")
    image.thumbnail((128, 128))
    picture = numpy.asarray(image) / 255
else:
    y, x = numpy.mgrid[-1:1:96j, -1:1:128j]
    picture = 0.5 + 0.3 * numpy.sin(5 * x + 3 * y * y) + 0.2 * numpy.exp(-8 * (x * x + y * y))

height, width = picture.shape
longer = max(picture.shape)
# The centres of pixels, with the longer side from -1 to 1; values from -1 to 1; a pixel is 2 / longer wide.
x = (2 * numpy.arange(width) + 1 - width) / longer
y = (2 * numpy.arange(height) + 1 - height) / longer
points = numpy.stack(numpy.meshgrid(x, y), axis=-1).reshape(-1, 2)
by_y, by_x = numpy.gradient(2 * picture - 1, 2 / longer)

# Slopes are some tens times as large as values: weighed down, they do not drown the one value that is known.
slopes = [
    sirenc.Constraint(points=points, target=by_x.ravel(), value=0, gradient=(1, 0), weight=1e-2),
    sirenc.Constraint(points=points, target=by_y.ravel(), value=0, gradient=(0, 1), weight=1e-2),
    sirenc.Constraint(points=points[:1], target=2 * picture[0, 0] - 1),
]
field = sirenc.fit(slopes, hidden=(64, 64), omega_first=20, steps=600, batch=3072, progress=True)

found = sirenc.decode(field.to_picture((width, height)), dtype=numpy.float32)
# The mean is what slopes tell least of.
found += picture.mean() - found.mean()
print(f"{-10 * numpy.log10(numpy.mean((found - picture) ** 2)):.1f} dB from gradients alone")
both = numpy.clip(numpy.hstack([picture, found]), 0, 1)
Image.fromarray((255 * both).astype(numpy.uint8)).resize((4 * width, 2 * height)).save("poisson.png")
