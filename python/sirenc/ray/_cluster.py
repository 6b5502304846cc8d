"""The cluster that work is done on."""

import logging
from typing import Any

import ray


def cores() -> int:
    """Cores of the cluster that ``ray.init`` has connected to, or of one that is started on this machine."""
    cluster: Any = ray
    if not cluster.is_initialized():
        cluster.init(logging_level=logging.WARNING)
    return max(1, int(cluster.cluster_resources().get("CPU", 1)))
