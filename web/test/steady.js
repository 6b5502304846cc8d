// Whether a file is steady (SPEC 6.4), so that two decoders agree on it: to first order, how far rounding carries an output.

const STEADY = 2 ** -8;
const POINT = 2 ** -24; // rounding of a sum
const SINE = 2 ** -22; // error of a sine
const POINTS = 1500; // of a picture that are looked at, at most about twice

// The network of a picture or a video out of `Siren.numbers`: layers of rows of weights and biases, those of hidden layers times
// omega / 2 pi; and its grids.
function parse(siren, numbers) {
  let at = 0;
  const take = (count) => numbers.subarray(at, (at += count));
  const inputs = siren.grids || (siren.kind === "video" ? 3 : 2);
  const widths = [inputs, ...siren.hidden, siren.channels];
  const layers = widths.slice(1).map((outputs, index) => {
    const weights = Array.from({ length: outputs }, () => take(widths[index]));
    return { weights, biases: take(outputs) };
  });
  const grids = Array.from({ length: siren.grids }, () => {
    const [scale, columns, rows] = take(3);
    return { scale, columns, rows, values: take(columns * rows) };
  });
  return { layers, grids };
}

// The value of a grid at a place in pixels of the stored picture (SPEC 6.2.1).
function latent({ scale, columns, rows, values }, place) {
  const [[i, a], [j, b]] = place.map((value) => {
    const at = value / 2 ** scale - 0.5;
    const f = at - Math.floor(at);
    const middle = (f) => (3 * f ** 3 - 6 * f ** 2 + 4) / 6;
    return [Math.floor(at) - 1, [(1 - f) ** 3 / 6, middle(f), middle(1 - f), f ** 3 / 6]];
  });
  const within = (index, count) => Math.min(Math.max(index, 0), count - 1);
  const line = (row) => a.reduce((sum, weight, k) => sum + weight * values[row * columns + within(i + k, columns)], 0);
  return b.reduce((sum, weight, k) => sum + weight * line(within(j + k, rows)), 0);
}

// The D of SPEC 6.4 for each output at a point. Weights of hidden layers are in turns, by which omega falls out.
function deviations(layers, input) {
  const activations = [input];
  const slopes = []; // of the sines by their sums
  layers.slice(0, -1).forEach(({ weights, biases }) => {
    const a = activations.at(-1);
    const sums = weights.map((row, i) => 2 * Math.PI * row.reduce((sum, w, j) => sum + w * a[j], biases[i]));
    activations.push(sums.map(Math.sin));
    slopes.push(sums.map(Math.cos));
  });
  return layers.at(-1).weights.map((_, output) => {
    let adjoint = layers.at(-1).weights.map((_, i) => Number(i === output));
    let deviation = 0;
    for (let k = layers.length - 1; k >= 0; k--) {
      const { weights, biases } = layers[k];
      const a = activations[k];
      const turn = k === layers.length - 1 ? 1 : 2 * Math.PI;
      weights.forEach((row, i) => {
        const terms = row.reduce((sum, w, j) => sum + Math.abs(w * a[j]), Math.abs(biases[i]));
        deviation += POINT * Math.abs(adjoint[i]) * turn * terms * (row.length + 4);
      });
      if (!k) continue;
      const before = a.map((_, j) => turn * weights.reduce((sum, row, i) => sum + adjoint[i] * row[j], 0));
      deviation += SINE * before.reduce((sum, value) => sum + Math.abs(value), 0);
      adjoint = before.map((value, j) => value * slopes[k - 1][j]);
    }
    return deviation;
  });
}

/** Whether an open picture or video is steady at pixels of its own size and of another, at `time` if it is a video. */
export async function steady(siren, [columns, rows], time = 0) {
  const { layers, grids } = parse(siren, await siren.numbers());
  const { width, height } = siren;
  for (const [wide, high] of [[width, height], [columns, rows]]) {
    const step = Math.max(1, Math.floor((wide * high) / POINTS));
    for (let i = 0; i < wide * high; i += step) {
      const place = [(((i % wide) + 0.5) * width) / wide, ((Math.floor(i / wide) + 0.5) * height) / high];
      const input = grids.map((grid) => latent(grid, place));
      if (!grids.length) {
        input.push(...place.map((value, axis) => (2 * value - [width, height][axis]) / Math.max(width, height)));
        if (siren.kind === "video") input.push((2 * time * siren.rate + 1) / siren.frames - 1);
      }
      if (deviations(layers, input).some((deviation) => !(deviation <= STEADY))) return false;
    }
  }
  return true;
}
