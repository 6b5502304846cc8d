"""A folder of pictures into .siren files, on all cores of this machine or of a cluster.

    python ray_folder.py SOURCE DESTINATION [ADDRESS]
"""

import sys

import ray

import sirenc.ray

if len(sys.argv) > 3:
    ray.init(sys.argv[3])
report = sirenc.ray.encode_folder(sys.argv[1], sys.argv[2], bpp=0.1, effort=2, progress=True)
print(report)
for failure in report.failures:
    print(f"{failure.name}: {failure.message}")
