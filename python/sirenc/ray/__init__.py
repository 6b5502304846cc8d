"""Large collections of pictures on Ray: a folder into another, or a stage of a pipeline of Ray Data.

It needs ``pip install "sirenc[ray]"`` on every node of the cluster. :func:`encode_folder` takes a folder, local (and then
seen by all nodes) or of an object store, and can be started again at any time; :func:`encode_dataset` is a stage for
datasets that come from elsewhere and go elsewhere. Each picture is fitted by one core.
"""

from ._folder import Failure, Report, encode_folder
from ._stage import EncodePictures, encode_dataset

__all__ = ["EncodePictures", "Failure", "Report", "encode_dataset", "encode_folder"]
