"""Networks as functions, and between them and PyTorch."""

import numpy
import pytest

import sirenc


def layers(widths=(2, 24, 24, 3), seed=0, omega=30.0):
    """Layers of a SIREN as Sitzmann et al. initialise it."""
    random = numpy.random.default_rng(seed)
    made = []
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        bound = 1 / inputs if index == 0 else (6 / inputs) ** 0.5 / omega
        weights = random.uniform(-bound, bound, (outputs, inputs))
        made.append((weights, random.uniform(-1, 1, outputs) / inputs**0.5))
    return made


def plain(layers, points, omegas=(30.0, 30.0)):
    """The same function in 64 bits."""
    a = numpy.asarray(points, float)
    for index, (weights, bias) in enumerate(layers):
        a = a @ numpy.asarray(weights, float).T + bias
        if index < len(layers) - 1:
            a = numpy.sin(omegas[min(index, 1)] * a)
    return a


def plain_jet(layers, points, omega=30.0):
    """Values, gradients and Laplacians in 64 bits, forwards through the layers."""
    a = numpy.asarray(points, float)
    first = numpy.broadcast_to(numpy.eye(2), (len(a), 2, 2))
    second = numpy.zeros((len(a), 2, 2))
    for index, (weights, bias) in enumerate(layers):
        transposed = numpy.asarray(weights, float).T
        a, first, second = a @ transposed + bias, first @ transposed, second @ transposed
        if index < len(layers) - 1:
            sine, cosine = numpy.sin(omega * a), omega * numpy.cos(omega * a)
            second = cosine[:, None] * second - omega**2 * sine[:, None] * first**2
            a, first = sine, cosine[:, None] * first
    return a, first.transpose(0, 2, 1), second.sum(axis=1)


def differences(jet, expected):
    """The largest difference of each part, by the largest number in it."""
    return [numpy.abs(a - b).max() / numpy.abs(b).max() for a, b in zip(jet, expected)]


def random_points(seed):
    """Points that floats of 32 bits can hold, so that functions of 32 and of 64 bits see the same ones."""
    return numpy.random.default_rng(seed).uniform(-1, 1, (4000, 2)).astype(numpy.float32).astype(float)


def grid(width, height):
    """The centres of pixels, as SPEC 6.1 has them."""
    longer = max(width, height)
    x = ((2 * numpy.arange(width) + 1) / width - 1) * width / longer
    y = ((2 * numpy.arange(height) + 1) / height - 1) * height / longer
    return numpy.stack(numpy.meshgrid(x, y), axis=-1)


def test_a_field_is_the_picture(data):
    field = sirenc.Field(data)
    values = field(grid(64, 48))
    assert values.shape == (48, 64, 3) and values.dtype == numpy.float32
    assert numpy.allclose(values / 2 + 0.5, sirenc.decode(data, dtype=numpy.float32), atol=1e-5)
    assert numpy.array_equal(sirenc.Field(sirenc.open(data))([0.1, 0.2]), field([0.1, 0.2]))
    assert field([0.1, 0.2]).shape == (3,) and field(numpy.zeros((0, 2))).shape == (0, 3)
    assert "2 -> " in repr(field)


def test_jets_are_exact():
    field = sirenc.Field.from_layers(layers(), omega_first=3, omega_hidden=3)
    points = numpy.random.default_rng(1).uniform(-1, 1, (5, 7, 2))
    jet = field.jet(points)
    assert jet.gradients.shape == (5, 7, 3, 2) and jet.laplacians.shape == (5, 7, 3)
    exact = lambda points: plain(layers(), points, (3.0, 3.0))
    assert numpy.abs(jet.values - exact(points)).max() < 1e-6
    laplacian = 0
    for axis in (0, 1):
        step = numpy.eye(2)[axis] * 1e-4
        slope = (exact(points + step) - exact(points - step)) / 2e-4
        assert numpy.abs(jet.gradients[..., axis] - slope).max() < 1e-5
        laplacian += (exact(points + step) - 2 * exact(points) + exact(points - step)) / 1e-8
    assert numpy.abs(jet.laplacians - laplacian).max() < 1e-4 * max(1, numpy.abs(laplacian).max())
    assert field.jet(points, order=1).laplacians is None
    assert field.jet(points, order=0).gradients is None


def test_what_is_no_field_is_refused(data):
    field = sirenc.Field(data)
    for points in (numpy.zeros((4, 3)), 0.5, [[0.5]]):
        with pytest.raises(sirenc.ParameterError, match="coordinates per point"):
            field(points)
    with pytest.raises(sirenc.ParameterError, match="order"):
        field.jet([0, 0], order=3)
    with pytest.raises(sirenc.ParameterError):
        sirenc.Field.from_layers(layers()[:1])
    with pytest.raises(sirenc.ParameterError, match="dimensions"):
        sirenc.Field.from_layers(layers((2, 8, 3)) + layers((2, 8, 3)))


def named(layers, pattern="net.{}"):
    return {
        f"{pattern.format(index)}.{part}": array
        for index, layer in enumerate(layers)
        for part, array in zip(("weight", "bias"), layer)
    }


@pytest.mark.parametrize("values", [(-1.0, 1.0), (0.0, 1.0)])
@pytest.mark.parametrize("size", [(20, 20), (30, 12)])
def test_a_network_becomes_a_file(values, size):
    made = layers()
    data = sirenc.from_state_dict(named(made), size, values=values)
    points = grid(*size)
    low, high = values
    expected = (plain(made, points) - low) / (high - low) * 2 - 1
    assert numpy.abs(sirenc.Field(data)(points) - expected).max() < 1e-5 * 2 / (high - low)
    assert sirenc.open(data).size == size


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_of_a_network_stay_in_its_file(seed):
    made = [[array.astype(numpy.float32) for array in layer] for layer in layers((2, 64, 64, 64, 3), seed)]
    points = random_points(seed)
    expected = plain_jet(made, points)
    for bits, agrees in ((22, True), (16, False)):
        jet = sirenc.Field(sirenc.from_state_dict(named(made), (24, 16), bits=bits)).jet(points)
        assert (max(differences(jet, expected)) < 1e-5) == agrees, differences(jet, expected)


def test_coordinates_of_the_paper():
    made = layers()
    width, height = 30, 12
    rows, columns = numpy.meshgrid(numpy.linspace(-1, 1, height), numpy.linspace(-1, 1, width), indexing="ij")
    expected = plain(made, numpy.stack([rows, columns], axis=-1))
    data = sirenc.from_state_dict(named(made), (width, height), coordinates="mgrid", depth=16)
    assert numpy.abs(sirenc.Field(data)(grid(width, height)) - expected).max() < 2e-5
    assert sirenc.open(data).depth == 16


def test_fewer_bits_make_smaller_files():
    made = layers()
    sizes = [len(sirenc.from_state_dict(named(made), (8, 8), bits=bits)) for bits in (22, 12, 6)]
    assert sizes[0] > sizes[1] > sizes[2]
    with pytest.raises(sirenc.ParameterError, match="bits"):
        sirenc.from_state_dict(named(made), (8, 8), bits=23)


def test_state_dicts_that_do_not_fit_say_why():
    good = named(layers())

    def refusal(change, error=sirenc.UnsupportedError, **settings):
        state = dict(good)
        change(state)
        with pytest.raises(error) as caught:
            sirenc.from_state_dict(state, (8, 8), **settings)
        return str(caught.value)

    assert "net.3.running_mean" in refusal(lambda state: state.update({"net.3.running_mean": numpy.zeros(3)}))
    assert "dimension" in refusal(lambda state: state.update({"net.0.weight": numpy.zeros((3, 3, 24, 2))}))
    assert "finite" in refusal(lambda state: state.update({"net.1.bias": numpy.full(24, numpy.nan)}))
    assert "inputs" in refusal(lambda state: state.pop("net.1.weight") is None or state.pop("net.1.bias") is None or state.update({"net.2.weight": numpy.zeros((3, 5))}))
    assert "no weight" in refusal(lambda state: state.pop("net.1.weight"))
    assert "at least two" in refusal(lambda state: [state.pop(key) for key in list(state)[2:]])
    assert "outputs" in refusal(lambda state: state.update({"net.2.bias": numpy.zeros(4)}))
    assert "omega" in refusal(lambda state: None, sirenc.ParameterError, omega_first=0.0)
    assert "values" in refusal(lambda state: None, sirenc.ParameterError, values=(1.0, 0.0))
    assert "coordinates" in refusal(lambda state: None, sirenc.ParameterError, coordinates="polar")
    solid = named(layers((3, 8, 3)))
    with pytest.raises(sirenc.ParameterError, match="inputs"):
        sirenc.from_state_dict(solid, (8, 8))
    five = named(layers((2, 8, 5)))
    with pytest.raises(sirenc.ParameterError, match="outputs"):
        sirenc.from_state_dict(five, (8, 8))


# With PyTorch itself.

MODULES = ["siren", "siren-pytorch", "coin", "meta", "sequential"]


def module(torch, layout, widths, first, hidden):
    """A module as the projects write it that the layouts are called after."""
    nn = torch.nn

    class Sine(nn.Module):
        def __init__(self, omega):
            super().__init__()
            self.omega = omega

        def forward(self, x):
            return torch.sin(self.omega * x)

    class SineLayer(nn.Module):
        def __init__(self, inputs, outputs, omega):
            super().__init__()
            self.omega = omega
            self.linear = nn.Linear(inputs, outputs)

        def forward(self, x):
            x = self.linear(x)
            return torch.sin(self.omega * x) if self.omega else x

    omegas = [first] + [hidden] * (len(widths) - 3)
    pairs = list(zip(widths, widths[1:]))
    sines = [SineLayer(*pair, omega) for pair, omega in zip(pairs, omegas)]

    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            last = nn.Linear(*pairs[-1])
            if layout == "siren":
                self.net = nn.Sequential(*sines, last)
            elif layout == "siren-pytorch":
                self.layers = nn.ModuleList([nn.Linear(*pair) for pair in pairs[:-1]])
                self.last_layer = last
            elif layout == "coin":
                self.net, self.last_layer = nn.Sequential(*sines), SineLayer(*pairs[-1], None)
            elif layout == "meta":
                parts = [nn.Sequential(nn.Linear(*pair), Sine(omega)) for pair, omega in zip(pairs, omegas)]
                self.net = nn.Module()
                self.net.net = nn.Sequential(*parts, nn.Sequential(last))

        def forward(self, x):
            if layout == "meta":
                return self.net.net(x)
            if layout == "siren-pytorch":
                for layer, omega in zip(self.layers, omegas):
                    x = torch.sin(omega * layer(x))
                return self.last_layer(x)
            x = self.net(x)
            return self.last_layer(x) if layout == "coin" else x

    if layout == "sequential":
        chain = [part for pair, omega in zip(pairs, omegas) for part in (nn.Linear(*pair), Sine(omega))]
        return nn.Sequential(*chain, nn.Linear(*pairs[-1]))
    return Module()


def torch_jet(torch, net, points):
    """Values, gradients and Laplacians by automatic differentiation."""
    x = torch.tensor(points, requires_grad=True)
    values = net(x)
    gradients, laplacians = [], []
    for output in range(values.shape[1]):
        (gradient,) = torch.autograd.grad(values[:, output].sum(), x, create_graph=True)
        seconds = [torch.autograd.grad(gradient[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(x.shape[1])]
        gradients.append(gradient.detach())
        laplacians.append(sum(seconds).detach())
    return values.detach().numpy(), torch.stack(gradients, 1).numpy(), torch.stack(laplacians, 1).numpy()


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    return torch


@pytest.mark.parametrize("layout", MODULES)
def test_a_module_of_pytorch_computes_the_same(torch, layout, data):
    field = sirenc.Field(data)
    widths = [field.inputs, *(len(bias) for _, bias in field.layers)]
    points = random_points(2)
    for omegas in ((field.omega_first, field.omega_hidden), (30.0, 30.0)):
        net = module(torch, layout, widths, *omegas)
        net.load_state_dict(field.to_state_dict(layout, omega_first=omegas[0], omega_hidden=omegas[1]))
        expected = torch_jet(torch, net.double(), points)
        assert max(differences(field.jet(points), expected)) < 1e-5


@pytest.mark.parametrize("layout", MODULES)
def test_a_module_of_pytorch_becomes_a_file(torch, layout):
    net = module(torch, layout, [2, 64, 64, 64, 3], 30.0, 30.0)
    with torch.no_grad():
        for parameter, (weights, bias) in zip(list(net.parameters())[::2], layers((2, 64, 64, 64, 3))):
            parameter.copy_(torch.tensor(weights))
    data = sirenc.from_state_dict(net.state_dict(), (24, 16))
    points = random_points(3)
    expected = torch_jet(torch, net.double(), points)
    assert max(differences(sirenc.Field(data).jet(points), expected)) < 1e-5
    again = sirenc.Field(data).to_state_dict(layout)
    assert list(again) == list(net.state_dict())


def test_state_dicts_that_cannot_be_made_say_why(torch, ramp, data):
    grids = sirenc.encode(ramp, steps=30, bytes=1500, grids=True)
    with pytest.raises(sirenc.UnsupportedError, match="grids"):
        sirenc.Field(grids).to_state_dict()
    with pytest.raises(sirenc.ParameterError, match="layout"):
        sirenc.Field(data).to_state_dict("keras")
