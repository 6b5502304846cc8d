"""A rate-distortion curve, drawn with matplotlib.

    python rate_distortion.py PICTURE [CURVE.png]
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import sirenc

source = sys.argv[1]
target = sys.argv[2] if len(sys.argv) > 2 else "curve.png"

rates, levels = [], []
for bpp in (0.02, 0.05, 0.1, 0.2, 0.3):
    data = sirenc.encode(source, bpp=bpp, effort=3, progress=True)
    rates.append(sirenc.info(data)["bpp"])
    levels.append(sirenc.psnr(source, data))
    print(f"{rates[-1]:.3f} bpp, {levels[-1]:.2f} dB")

plt.figure(figsize=(5, 3.5), layout="constrained")
plt.plot(rates, levels, "o-")
plt.xlabel("bits per pixel, of whole files")
plt.ylabel("PSNR in dB")
plt.grid(alpha=0.3)
plt.savefig(target, dpi=150)
