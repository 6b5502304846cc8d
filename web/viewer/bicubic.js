// Enlarges pixels by bicubic interpolation (Keys 1981, a = -1/2), as programs do that have only the pixels.

// Weights of the four pixels around a place that lies `t` after the second of them.
function weights(t) {
  const near = (d) => (1.5 * d - 2.5) * d * d + 1;
  const far = (d) => ((-0.5 * d + 2.5) * d - 4) * d + 2;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

// Where the centre of pixel `index` lies between those of source pixels, at `zoom` pixels for each of them: the second of
// the four around it, limited to `count`, and the weights of all.
function taps(index, zoom, offset, count) {
  const place = (index + 0.5) / zoom - 0.5 - offset;
  const first = Math.floor(place);
  const clamp = (i) => Math.min(Math.max(i, 0), count - 1);
  return { at: [first - 1, first, first + 1, first + 2].map(clamp), by: weights(place - first) };
}

// Enlarges `source`, whose corner is pixel `corner` of the picture, to `region` of the picture at `zoom` (horizontal,
// vertical). A generator, so that the caller can pause: yields after each row, [image, row].
export function* bicubic(source, corner, region, zoom) {
  const image = new ImageData(region.width, region.height);
  const columns = Array.from({ length: region.width }, (_, x) => taps(region.x + x, zoom[0], corner[0], source.width));
  const widened = new Map(); // rows of the source, enlarged along x
  const widen = (row) => {
    if (!widened.has(row)) {
      const wide = new Float32Array(4 * region.width);
      const from = 4 * row * source.width;
      columns.forEach(({ at, by }, x) => {
        for (let c = 0; c < 4; c++) {
          wide[4 * x + c] =
            by[0] * source.data[from + 4 * at[0] + c] + by[1] * source.data[from + 4 * at[1] + c] +
            by[2] * source.data[from + 4 * at[2] + c] + by[3] * source.data[from + 4 * at[3] + c];
        }
      });
      widened.set(row, wide);
      if (widened.size > 8) widened.delete(widened.keys().next().value);
    }
    return widened.get(row);
  };
  for (let y = 0; y < region.height; y++) {
    const { at, by } = taps(region.y + y, zoom[1], corner[1], source.height);
    const [a, b, c, d] = at.map(widen);
    const to = image.data.subarray(4 * y * region.width, 4 * (y + 1) * region.width);
    // Writing to a clamped array rounds.
    for (let i = 0; i < to.length; i++) to[i] = by[0] * a[i] + by[1] * b[i] + by[2] * c[i] + by[3] * d[i];
    yield [image, y];
  }
}
