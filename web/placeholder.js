// Decodes placeholders (format/SPEC.md, chapter 11), in browsers, workers and Node.

// 11.5: `base64 -w0 format/src/placeholder/prior.bin`.
const PRIOR = '8P5o/5j/eP8YAKj/iP/Y/zgBOP8w/8j/MAAoAQgAWP/QAHABoP/4/+j/cP5IAPD/6P/4/Uj/EABI/5D/KP+Q/zgAWADY/gAA4P+I/xgAmP84/zAC6P9A/zj/MAA4APD/IACY/4j/oP/4/9D/2P+Y/5D/4P/4/+D/aABIAPj/4P8YAEAA4P/w/7D/UADg/xgAWABgACgAaABoAHgAKAAYAAgAKADI/xgAqADoAtj/uP54AbgCaP8o/0j/kAA4ACAAgP+IAGAA8P9g//j/aP9w/0j/kP/Q//j/cAFwAPj/mP7Y/9gBgP94/3gAQP9w/5gAEP/4/vD+SABQ/1AAwP4I/1gAqP+A/wgAuP/4AAgA6P+oAMAAmP8YAIAAQP/A/6j/qAA4/lgA4P4Y/6j/6P9Q/7j/YP+Y/gAAwP+4//j/UP/IAMgBiP9w/3j/CADw/8j/CACo/tj/CACQAMgASAAIAPD/iP+AAAAACABQAKD/8ACY/TD+KABwABD/4P/4/zgACABoACAAOAAwADAA+P84AMj/OAAgAAgAGAFgANj/kABw/oj8CAEQAUgBGP8gAHgAOAA4/ygAEADg//j/UADI//j/AAAoADAAKP5Q/RgAiP8AAZAAiP/A/8gA0P7Y/7gA2P4w/sj+WP+A/yj/kP8o/4AAQABwAOj/kP/w/xAAMADg/wgBOADw/+j/UP9YABgASACY/8j/8P9YAMj/UACg/2D/AACAAKj/8AEQAtj/+P7Q/lj/6P84AIj/YP5IAJD/SP+g/8D/cP+4//D/6P/I/0gACADY/9j/QAFYAhAA+P9AAGgAQP8Y/3j+0P/Y/9j/wP+4/oj/QAAw/yD/aP+g/2AAmP8oAOj/MAFo/yAAsP/IAJAACAAwAGj/sP9oAEj/mP9o/5j/WP9A/3D/mP+I/2j/KP9A/9j/EABQACgAMP/IAHACWP+I/4D+WP/w/6D/OABI/1AAEABAAAgAaADg//j/AADQAPD/oAEAAzgAIP/4AOgAcP9o/2D+6ADQ/0j/AAAw//j/aP9Q/pAAIAAoAMD/6P9w/hgACAEIAbD/EAHQ/xD7IABgABgBqP/I/+j/6P/I/zAAIADY/9j/GACI/wgA+P9A/tj/SP+oABgAEP/wANABiP84//D/aAAwAEAA0P+Q/9j/8P/w/5j/2P+w/2gAqP9A/vj/CADwAKj/+ACQAVgB8P8oAID/WP0AAAgAgABwADgAYABIABAAeADoACgAYADwABgAGAA4AQgAsAAw/1j9yADYAIj/mP8AAKj/WP94ABAAiP/Q/0AA+P8QAHgAMAAoABgAwAGYAzgAmP9IAEAAeP9Q/2j/4P8o/8D/MP8QALj/sP8IAEAAiP+4/zAAOABQ/RAAWP3g/xgACADgAED/QAAQALAAcP2AAJj/MP+A/uD+wP4Q/oj/mP/A+3D/oP9wANj/gADw/xgAAABQAKj/mAAQABAACADw/yAA2P/w/0AAAAAoAEAAYABoAEAAMACwAPD/IP1Y/DAAqP+gAMj/OP+I/+D/+P6gAGAAqP+o/6j/oP8wAMj/EAAQ/9D/MADQ/ggAQAJIAAAAUAAgAXD9aP9IAJD9MAAwADgA4P+A/+j/+P8AACgA6P8QAKgAoP9AACgAGAAgAVAAEACoAVACKP8A/wD/KP8QABgAwP8YACgAiP/w/8D/2P9I/rD/AABAAOD/MAD4/yAA4P/Q/4j/gP5gACgA0P84AAgAWABI/xAAGP/o/nj/uP+A/Oj9mP/Y/8j/KAB4ADAA2P8A/jj+kP+Y/+D/8P9w/+D/sP+o/xj/GACI/3D/QP8IALj/SAAg/1D/SP8YALj/aP8I/UgAYP9wADj/AACw/7D/2P6g/nD/OP9Y/ygAmP9A/ogAGABIADgAwP/A/yAA6P+A/zAB8P74/zABSP9IANj/OAD4/8j+gP8w/zgAAADo/6D/0P/o/3j/wP/A/5j/aAHQ/nj96P9IAEgBUP8AADAAoP/g/6j/6P+Q/wAAYP+o/6D/8P8IACAAKP5w/+D/oP+o/3D/OP/g/iAAOP/o//D/QAkAAMABAABA7f//AP7//8DR///AEwAAAPr//wD1//+A/f//wBAAAEASAABAsv//QPD//8AUAABAxv//APD//4DY//+AJAAAgCMAAIDR//8A/v//QAAAAMAJAABA4P//gO7//8AXAABAKAAAwPT//wABAABADAAAwOL//4DK//+4/xAAIAAAAKj/CADg/8j/uP/o/8j/yP/I//j/wP/w/9D/8P9Q/3D/wP/Y/ygAqP+o/xAA0P/o/wAA8P+Q/+j/aABY/wAAYP9QAMj/GAA4AEgA6P/I/9j/0P+AAEj/AABgABAA+P9g/+D/+P7A/xj/0P/4/9j/GABgALD/gAAIAMgAGADg/4j/4P8YAOj/4P8YACgAMAAIAOD/UACA/4j/aAAgALAAEACw/8j/gP9w/xAAMP2Y/ej/sP/I/zgACAAg/3j/6P9IAND/+P9w/4j/IAAYAFAA8P8w/3j/aP/o/5j/OAB4/9D/GP8IAMj/WACo/0gAOABw/+D/AACY/7D/WAD4/xAA+P8QABAAqACI/7D/CABQAHgA8P84AAj/GADo/xAAaACw/wgA6P+wAKj/EAAAADgAaAAQ/zgAGAD4/2AAOAAwADgAeAAIAEgAiP8AAOD/IAA4AND/KADw/jAA4P9IAGAAsP8oAAAAgADg//j/SABIACgAKABAAIj/aAAoADD/IACw/1D/MACY/1AAUAA4AMD/AACw/6j/MABw/+j/IACI/4gA0P+IAKj/QADA/6j/uP8A/4AAsP9oAEAA+P8YAMj/yP8QABgA+P/Q/9j/yP/o/+j/yP8YABgAEAD4/6D/uP/g//j/4P8QAOj/4P/w//D/AAAwAOD/8P/g/1gAWP8YAEj/sP8AAFj/wP/gAMj/YP8I/7j/0P84AHD+AABoABAAkP+Q/zgAmP8AAPj+iP8AAOj/UP8o/+j/OP8g/7j/+P8IAGD/mP+I//j/WACg/+j/WP/Y/1AAsP9oACAA8P/A/2gAgACA/xD/mP+oAPj/6P/w/hD/oP8gABAAqP+g/wAA0P5Y/8D/KP9IAOj/sP7I//D/uP/w/6j/eP9QACj/gACY/5j/yP7Y/7j/cP/o/6D/2P+w/wgAkADo/1j/sP8AAFD/iP84AED/GP+YALD/MACI/1j/mP/Y/8j/MACQ/+j/0P/o/+j/8P8AALj/iP9AAAgASP+w/9gAsP9IAPD/0P/A/2j/SAB4/wgA+P/o/0AA6P+g/+D/sP7Q/6j/AAAoALD/0P8IAPj/0P8AAAAAwP8gAPD+wP8IAAgAMACo/wgA4P+g/5j/wP8QAPj/qP8IAKD/0P+4//D/kP+IABAAKAAAAIj/4P8QAHD/UACo/8D/uP9Q/pD/oP/Q/yAAOADw//j/YABYABgAyP8IAGAAKADw//D/yP+w/7j/WP8YABAAwP/g/0gAUABwALj/CADw/zgASAAgADAAoP9w/4D/4P8QALj/6P8g/4AAEP+I/yAAoP/g/+j/EAA4ACj/mP+A/iAA4P+A/6j/YP+o/9D/2P+Q/9D/OAAIAND/APf//0Dl///AVgAAgAUAAAA2AAAAOwAAwAgAAMD4//+AJwAAQPj//4Dc///A7f//AB0AAAABAADAKQAAQP7//wAAyP8YAOj/AAAIAOj/IAAwACAAIP+IAPj/UADw/zgAIADw/3gA+P+A/5D/OAAwADAAIAD4/wgA6P/o/8j/IAAA/v//gMf//w==';
const LAYERS = [[24, 32], [32, 16], [16, 2]];
const FREQUENT = [[0, 1, 1], [37, 3, 2], [-37, 2, 3], [27, 4, 3], [-27, 3, 4], [53, 16, 9], [-53, 9, 16]];
const SIDE = 64, COLUMNS = SIDE + 4, SEEN = 15;
const NEIGHBOURS = [-1, -COLUMNS, -1 - COLUMNS, -2, -2 * COLUMNS, 1 - COLUMNS, COLUMNS - 1];
const AROUND = [-1, 1, -COLUMNS, COLUMNS];
const { floor, abs, min, max, round, cos, sin, sqrt, PI } = Math;
const clamp = (x, low, high) => min(max(x, low), high);
const range = (count, of) => Array.from({ length: count }, (_, i) => of(i));
const POWERS = range(257, (i) => round(2 ** (30 - i / 256)));
const LOGS = range(257, (i) => round(Math.log2(1 + i / 256) * 65536));
const bad = () => new RangeError('not a placeholder, or not all of one');

const bytesOf = (text) =>
  Uint8Array.from(atob(text.trim().replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));

const NETWORK = (() => {
  const view = new DataView(bytesOf(PRIOR).buffer);
  let at = 0;
  return LAYERS.map(([inputs, outputs]) => {
    const weights = range(inputs * outputs, () => view.getInt16((at += 2) - 2, true));
    return [inputs, Int16Array.from(weights), range(outputs, () => view.getInt32((at += 4) - 4, true))];
  });
})();

/** Binary logarithm in units of 2^-16 (11.4). */
function log2(value) {
  if (!value) return 0;
  const octave = 31 - Math.clz32(value);
  const part = (value / 2 ** octave - 1) * 256;
  const i = floor(part);
  return octave * 65536 + LOGS[i] + floor((LOGS[i + 1] - LOGS[i]) * floor((part - i) * 65536) / 65536);
}

/** Mean and scale of a level by its inputs (5.4.3). */
function expected(known) {
  NETWORK.forEach(([inputs, weights, biases], layer) => {
    const next = biases.map((bias, row) => {
      let sum = bias;
      for (let i = 0; i < inputs; i++) sum += weights[row * inputs + i] * known[i];
      return (sum + 128) >> 8;
    });
    known = layer < 2 ? next.map((value) => clamp(value, 0, 16383)) : next;
  });
  return [clamp(known[0], -16384, 16384), clamp(known[1], -256, 512)];
}

/** Range decoder (5.3.1). */
function reader(bytes) {
  const mask = (1n << 64n) - 1n;
  let low = 0n, span = mask, point = 0n, read = 0;
  const shift = (count) => {
    while (count--) point = ((point << 8n) | BigInt(bytes[read++] ?? 0)) & mask;
  };
  shift(8);
  const symbol = (find) => {
    const unit = span >> 16n;
    const q = Number(((point - low) & mask) / unit);
    if (q > 65535) throw bad();
    const [value, start, width] = find(q);
    low = (low + unit * BigInt(start)) & mask;
    span = unit * BigInt(width);
    if (span < 1n << 32n) {
      low = (low << 32n) & mask;
      span <<= 32n;
      shift(4);
    }
    return value;
  };
  const bits = (count) => {
    const width = 65536 >> count;
    return count ? symbol((q) => [floor(q / width), q - (q % width), width]) : 0;
  };
  const golomb = (order) => {
    let zeros = 0, high = 1;
    while (!bits(1)) if (++zeros > 20) throw bad();
    while (zeros--) high = high * 2 + bits(1);
    return (high - 1) * 2 ** order + bits(order);
  };
  const end = () => {
    const inside = BigInt(clamp(bytes.length - read + 8, 0, 8));
    const v = 1n << (64n - 8n * inside), offset = (point - low) & mask;
    const last = bytes[bytes.length - 1];
    if (bytes.length > read || !last || offset >= v || offset + BigInt(256 - last) * v < span) throw bad();
  };
  return { symbol, bits, golomb, end };
}

/** A level of a mean and scale (5.4.4). */
function level(source, mean, scale) {
  const octave = floor(scale / 64);
  const steepness = floor(94548 * POWERS[4 * (scale - 64 * octave)] / 2 ** (30 + octave));
  const centre = floor((mean + 32) / 64), reach = 4 * 2 ** clamp(octave + 2, 0, 7);
  const first = centre - reach, last = centre + reach;
  const start = (h) => {
    if (h <= first) return 0;
    if (h > last) return 65536;
    const d = 64 * h - 32 - mean;
    const e = floor(abs(d) * steepness / 64), i = floor(e / 65536), f = floor(e / 256) % 256;
    const power = i > 15 ? 0 : POWERS[f] - floor((POWERS[f] - POWERS[f + 1]) * (e % 256) / 256);
    const tail = floor(power / 2 ** (15 + i));
    return floor((d < 0 ? tail : 65536 - tail) * (65535 - 2 * reach) / 65536) + h - first;
  };
  const found = source.symbol((q) => {
    let low = first, high = last + 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (start(middle) > q) high = middle;
      else low = middle;
    }
    return [low, start(low), start(high) - start(low)];
  });
  const beyond = () => source.golomb(max(octave + 1, 0));
  const value = found === last ? found + beyond() : found === first ? found - beyond() : found;
  if (value < -32768 || value > 32767) throw bad();
  return value;
}

/** [k, l, square] of a channel, in order (11.3). */
function frequencies(aspect, step, channel) {
  const units = abs(aspect);
  const below = floor(POWERS[4 * (units % 64)] / 2 ** (14 + floor(units / 64)));
  const above = floor(2 ** 32 / below);
  const [wide, high] = aspect >= 0 ? [below, above] : [above, below];
  const most = min((step % 2 ? 834134 : 9 * 65536) * 2 ** (step >> 1), 2304 * 65536);
  const all = [];
  for (let l = 0; l < SIDE; l++)
    for (let k = 0; k < SIDE; k++) {
      const square = k * k * wide + l * l * high;
      if (square <= floor(most / [1, 4, 8, 4][channel])) all.push([k, l, square]);
    }
  return all.sort((a, b) => a[2] - b[2] || a[0] - b[0]);
}

/** [k, l, level] of a channel, without zeros; `known` has all levels of channels before (11.4). */
function levels(source, aspect, step, channel, known) {
  const mine = (known[channel] = new Int32Array(COLUMNS * COLUMNS));
  const before = channel < 3 ? known.slice(0, channel) : [];
  const sums = [[0, 0], [0, 0]];
  const size = (value) => min(abs(value), SEEN) * 64;
  const is = (holds) => (holds ? 64 : 0);
  const found = [];
  let fast = 64, slow = 64;
  for (const [k, l, square] of frequencies(aspect, step, channel)) {
    const at = (l + 2) * COLUMNS + k + 2;
    const others = [0, 0, 0, 0, 0];
    before.forEach((other, i) => {
      others[i] = size(other[at]);
      others[3 + i] = clamp(floor(64 * other[at] * sums[i][1] / (sums[i][0] + 4)), -960, 960);
    });
    if (before.length) others[2] = min(AROUND.reduce((sum, offset) => sum + size(before[0][at + offset]), 0), 960);
    const signed = [-2, -2 * COLUMNS].map((offset) => clamp(mine[at + offset], -SEEN, SEEN) * 64);
    const inputs = [
      ...NEIGHBOURS.map((offset) => size(mine[at + offset])), fast, slow, ...others,
      floor(log2(square) / 1024) - 1024, (step - 16) * 16, is(channel === 1), is(channel === 2),
      is(!k), is(!l), is(!k && l === 1), is(!k && !l), ...signed,
    ];
    const value = level(source, ...expected(inputs));
    mine[at] = value;
    fast += (size(value) - fast) >> 3;
    slow += (size(value) - slow) >> 5;
    if (square) before.forEach((other, i) => {
      sums[i][0] += other[at] * other[at];
      sums[i][1] += other[at] * value;
    });
    if (value) found.push([k, l, value]);
  }
  return found;
}

/** Means of functions over pixels (11.6). */
const means = (count, pixels) =>
  range(count, (k) => {
    const half = PI * k / (2 * pixels);
    const factor = k ? sqrt(2) * sin(half) / half : 1;
    return Float64Array.from({ length: pixels }, (_, i) => factor * cos(half * (2 * i + 1)));
  });

function plane(found, step, width, height) {
  const across = means(SIDE, width), down = means(SIDE, height);
  const rows = [], plane = new Float64Array(width * height);
  for (const [k, l, value] of found) {
    const row = (rows[l] ??= new Float64Array(width));
    const weight = value * 2 ** (-step / 4);
    for (let x = 0; x < width; x++) row[x] += weight * across[k][x];
  }
  rows.forEach((row, l) => {
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; x++) plane[at++] += down[l][y] * row[x];
  });
  return plane;
}

/** Reads a placeholder, as bytes or base64. */
export function decodePlaceholder(placeholder) {
  const bytes = typeof placeholder === 'string' ? bytesOf(placeholder) : placeholder;
  if (!bytes.length || bytes.length > 200) throw bad();
  const source = reader(bytes);
  const shape = source.bits(4);
  const exact = FREQUENT[shape % 8];
  const code = exact ? exact[0] : source.bits(10) - 512;
  if (!exact && FREQUENT.some(([frequent]) => frequent === code)) throw bad();
  const step = source.bits(5), alpha = shape > 7, known = [];
  const channels = range(alpha ? 4 : 3, (channel) => levels(source, code, step, channel, known));
  source.end();
  const aspect = exact ? exact[1] / exact[2] : 2 ** (code / 64);
  return {
    aspect,
    alpha,
    sizeWithin: (side) => {
      const shorter = max(1, round(side * min(aspect, 1 / aspect)));
      return aspect >= 1 ? { width: side, height: shorter } : { width: shorter, height: side };
    },
    pixels: (width, height) => {
      const [y, c, d, a] = channels.map((found) => plane(found, step, width, height));
      const data = new Uint8ClampedArray(4 * width * height);
      for (let i = 0; i < y.length; i++) {
        const gray = 0.5 + y[i] / sqrt(3), green = d[i] / sqrt(6);
        const colour = [gray + c[i] / sqrt(2) + green, gray - 2 * green, gray - c[i] / sqrt(2) + green];
        colour.push(a ? 0.5 + a[i] / sqrt(3) : 1);
        colour.forEach((value, channel) => { data[4 * i + channel] = round(255 * value); });
      }
      return data;
    },
  };
}
