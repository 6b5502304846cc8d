"""The weights of a picture in PyTorch, and those of a module of PyTorch in a file."""

import numpy
import sirenc
import torch


class SineLayer(torch.nn.Module):
    """A hidden layer, as in the notebook of Sitzmann et al. 2020."""

    def __init__(self, inputs, outputs, omega):
        super().__init__()
        self.omega, self.linear = omega, torch.nn.Linear(inputs, outputs)

    def forward(self, x):
        return torch.sin(self.omega * self.linear(x))


class Siren(torch.nn.Module):
    """The module of that notebook."""

    def __init__(self, widths, first_omega, hidden_omega):
        super().__init__()
        omegas = [first_omega] + [hidden_omega] * (len(widths) - 3)
        layers = [SineLayer(a, b, omega) for a, b, omega in zip(widths, widths[1:], omegas)]
        self.net = torch.nn.Sequential(*layers, torch.nn.Linear(widths[-2], widths[-1]))

    def forward(self, x):
        return self.net(x)


rows, columns = numpy.mgrid[0:96, 0:128]
picture = (127 + 60 * numpy.sin(columns / 9) + 60 * numpy.cos(rows / 7)).astype(numpy.uint8)
data = sirenc.encode(picture, bytes=600, effort=3)

# From a file to a module.
field = sirenc.Field(data)
widths = [field.inputs, *(len(bias) for _, bias in field.layers)]
module = Siren(widths, field.omega_first, field.omega_hidden)
module.load_state_dict(field.to_state_dict("siren"))
points = torch.rand(1000, 2) * 2 - 1
difference = numpy.abs(module(points).detach().numpy() - field(points.numpy())).max()
print(f"the module is the file: values differ by {difference:.1e}")

# And back, after the module was trained on, or from one of your own.
again = sirenc.from_state_dict(
    module.state_dict(), (128, 96), omega_first=field.omega_first, omega_hidden=field.omega_hidden, bits=12
)
print(f"back in a file: {len(again)} bytes, {sirenc.psnr(picture, again):.1f} dB; before {sirenc.psnr(picture, data):.1f} dB")
