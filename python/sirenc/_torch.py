"""State dicts of PyTorch's usual SIREN modules. PyTorch itself is imported only where tensors are made."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy
from numpy.typing import NDArray

from ._errors import ParameterError, UnsupportedError

Layer: TypeAlias = tuple[NDArray[Any], NDArray[Any]]

_NAMES = {
    "siren": ("net.{index}.linear", "net.{index}"),
    "siren-pytorch": ("layers.{index}", "last_layer"),
    "coin": ("net.{index}.linear", "last_layer.linear"),
    "meta": ("net.net.{index}.0", "net.net.{index}.0"),
    "sequential": ("{place}", "{place}"),
}
"""For each layout, what a hidden layer is called and what the last one is. A place counts activations too."""


def named(layers: list[Layer], layout: str) -> dict[str, Any]:
    """Layers as tensors, under the names of a layout."""
    if layout not in _NAMES:
        allowed = ", ".join(map(repr, _NAMES))
        error = ParameterError(f"layout is {layout!r}, but must be one of {allowed}")
        error.parameter, error.given, error.allowed = "layout", layout, allowed
        raise error
    import torch

    hidden, last = _NAMES[layout]
    state: dict[str, Any] = {}
    for index, (weights, bias) in enumerate(layers):
        name = (last if index == len(layers) - 1 else hidden).format(index=index, place=2 * index)
        state[f"{name}.weight"] = torch.from_numpy(weights)
        state[f"{name}.bias"] = torch.from_numpy(bias)
    return state


def layers_of(state: Mapping[str, Any]) -> list[Layer]:
    """Weights and biases of a state dict, from input to output.

    Raises:
        UnsupportedError: It is not that of a chain of linear layers.
    """
    weights: dict[str, NDArray[Any]] = {}
    biases: dict[str, NDArray[Any]] = {}
    for name, tensor in state.items():
        stem, _, part = name.rpartition(".")
        if part not in ("weight", "bias"):
            raise UnsupportedError(f"{name} is neither a weight nor a bias: the network is more than linear layers and sines")
        array = _array(tensor)
        dimensions = 2 if part == "weight" else 1
        if array.ndim != dimensions:
            shape = " x ".join(map(str, array.shape)) or "a single number"
            raise UnsupportedError(f"{name} is {shape}, but the {part} of a linear layer has {dimensions} dimension(s)")
        if not numpy.isfinite(array).all():
            raise UnsupportedError(f"{name} has a number that is not finite")
        (weights if part == "weight" else biases)[stem] = array
    alone = [stem for stem in biases if stem not in weights]
    if alone:
        raise UnsupportedError(f"{alone[0]}.bias has no weight beside it")
    if len(weights) < 2:
        raise UnsupportedError(f"there are {len(weights)} linear layers, but a SIREN has at least two")
    layers = []
    before: tuple[str, int] | None = None
    for stem, weight in weights.items():
        outputs, inputs = weight.shape
        if before is not None and inputs != before[1]:
            raise UnsupportedError(
                f"{stem}.weight takes {inputs} inputs, but {before[0]} before it has {before[1]} outputs: the layers are "
                "no chain, or not in the order from input to output"
            )
        bias = biases.get(stem, numpy.zeros(outputs))
        if len(bias) != outputs:
            raise UnsupportedError(f"{stem}.bias has {len(bias)} numbers, but its layer {outputs} outputs")
        layers.append((weight, bias))
        before = (stem, outputs)
    return layers


def _array(tensor: Any) -> NDArray[Any]:
    """A tensor, or an array, as an array of 64 bits."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().double().numpy()
    return numpy.asarray(tensor, numpy.float64)
