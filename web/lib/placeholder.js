// Decodes placeholders (format/SPEC.md, chapter 11), in browsers, workers and Node.

// 11.5: the weights / 8 and biases / 64 of each layer. A number is a character of a code 80 higher, or between ~ and a space.
const PRIOR = '.=C?SEAKw76IVuQ;j~46 DOM~-50 YNM~-65 9R9B5BW[+PLASC7~70 M87VWNTCADOJKCBLOL]YOLSXLNFZLS[~12 U]]_USQUISe~93 K~-41 ~47 ~87 =59bWT@a~12 N<O=>9BJO~46 ^O#K~59 @?_8>c2/.Y:Z(1[E@QGoQMehCS~16 8HEe~-57 [,3EM:G<#PHGO:i~57 A>?QNIQ%KQbiYQNA~16 PQZDn~-77 ~-58 U^2LOWQ]TWVVOWIWTQs~12 Kb~-50 ~-111 qry3T_W7URLOZIOPUV~-59 ~-86 SApbAHi*Kg+~-58 );@5B5~16 X^MBNRVLqWNM:[SYCIN[IZD<P~16 E~62 ~66 K/*;MWA~-52 YB9DH>GNMIYQKKx~75 ROX]83~-49 JKKH~-41 AX64=D~12 CUMv=TFibQV=F]9C=C;8>CA=58KRZU6i~78 ;A ;NDW9ZRXQ]LOPjN~52 ~96 W4om>=~-52 mJ9P6O=~-54 bTUHM~-50 SqqFrJ~-158 T~12 sEIMMIVTKKSAQO~-56 K9eS2n~58 A7N]VXJBKNNCKF]E~-56 OQnEo~50 {NU@~-85 PQ~16 ^W~12 YR_mU~12 nSSwQf6~-85 ikACPE;_RAJXOR_VUS~56 ~115 WCYX?:=L5H6RGFQXAGVW~-86 R~-85 LSQl8XRf~-82 ~16 C6 ,(~-62 AC~-136 >D^K~16 NSPZEcRRQNTKNXPUX~12 ]XVfN~-92 ~-117 VEdI7AL/d~12 EEEDVIR2JV*Q~72 YPZt~-82 =Y~-78 VVWL@MOPUMReDXUStZR~53 ~74 5005RSHSUANHK~-55 FPXLVOTLJA ~12 UJWQ[9R3-?G~-112 ~-67 CKIU_VK~-64 ~-57 BCLN>LFE3SA>8QGY4:9SG=~-95 Y<^7PFF+$>7;UC~-56 aSYWHHTM@v.Ov9YKWO)@6WPMDJM?HHC}*~-81 MYy:PVDLEMBP<EDNQT~-59 >LDE>7,T7MNuW~-75 H~-185 ~79 8$F~67 ~73 ~-311 ~-63 ~83 ~-231 ~-64 ~-158 ~146 ~142 ~-186 HQw~-127 ~-70 ~95 ~161 #T~49 ~-117 ~-214 GRTPEQLIGMIIIOHNJN:>HKUEERJMPNBM];P<ZISWYMIKJ~16 9P~12 RO<L/H3JOKS~12 F~16 QiSLALSMLSUVQLZ@A]TfRFI@>R~-90 ~-77 MFIWQ4?MYJO>ATSZN6?=MCW?J3QI[EYW>LPCF[ORORReAFQZ_NW1SMR]FQMfERPW]2WSO~12 WVW_QYAPLTWJU.VLY~12 FUP~16 LOYYUUXA]U6TF:VCZZWHPFEV>MTAaJaEXHEG0~16 F]XOSIIRSOJKIMMISSRODGLOLRMLNNPVLNL[;S9FP;HlI<1GJW~-50 P]RBBWCP/APM:5M74GOQ<CAO[DM;KZF]TNH]~16 @2CeOM.2DTREDP*;H5YM&INGNE?Z5~16 CC)KG>MDKFQbM;FP:AW83cFVA;CKIVBMJMMNPGAXQ9FkFYNJH=Y?QOMXMDL&JEPUFJQOJPPHT.HQQVEQLDCHROEQDJGNBaRUPALR>ZEHG~-54 BDJTWNO~12 [SIQ~12 UNNIFG;SRHLYZ^GQNWYTVD>@LRGM4~16 2ATDLMRW5C TL@E<EJKBJWQJ,~-107 ~347 f~216 ~236 s3~158 1~-142 ~-73 ~116 T~167 IPISMPQMTVT4aOZNWTN_O@BWVVTOQMMITH~-226 ';
const SIZES = [24, 32, 16, 2];
const FREQUENT = [[0, 1], [37, 3 / 2], [-37, 2 / 3], [27, 4 / 3], [-27, 3 / 4], [53, 16 / 9], [-53, 9 / 16]];
const SIDE = 64, COLUMNS = SIDE + 4, SEEN = 15;
const NEIGHBOURS = [-1, -COLUMNS, -1 - COLUMNS, -2, -2 * COLUMNS, 1 - COLUMNS, COLUMNS - 1];
const AROUND = [-1, 1, -COLUMNS, COLUMNS];
const { floor, abs, min, max, round, imul, clz32, cos, sin, sqrt, PI } = Math;
const clamp = (x, low, high) => min(max(x, low), high);
const range = (count, of) => Array.from({ length: count }, (_, i) => of(i));
const POWERS = range(257, (i) => round(2 ** (30 - i / 256)));
const LOGS = range(257, (i) => round(Math.log2(1 + i / 256) * 65536));
const WORD = 2 ** 32;
const bad = () => new RangeError('not a whole placeholder');

const bytesOf = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));

// Weights lie column by column: inputs of 0 then cost nothing.
const NETWORK = (() => {
  const numbers = PRIOR.matchAll(/~(.+?) |./g);
  const next = () => {
    const [text, number] = numbers.next().value;
    return number ?? text.charCodeAt() - 80;
  };
  return SIZES.slice(1).map((outputs, layer) => {
    const weights = new Int32Array(SIZES[layer] * outputs);
    for (let row = 0; row < outputs; row++)
      for (let i = row; i < weights.length; i += outputs) weights[i] = 8 * next();
    const biases = Int32Array.from({ length: outputs }, () => 64 * next());
    return [weights, biases, new Int32Array(outputs)];
  });
})();

/** Binary logarithm in units of 2^-16 (11.4). */
function log2(value) {
  if (!value) return 0;
  const octave = 31 - clz32(value);
  const part = (value / 2 ** octave - 1) * 256;
  const i = floor(part);
  return octave * 65536 + LOGS[i] + floor((LOGS[i + 1] - LOGS[i]) * floor((part - i) * 65536) / 65536);
}

/** Mean and scale of a level by its inputs (5.4.3). */
function expected(known) {
  for (const [weights, biases, sums] of NETWORK) {
    const rows = sums.length;
    sums.set(biases);
    for (let i = 0, at = 0; i < known.length; i++, at += rows) {
      const value = known[i];
      if (value) for (let row = 0; row < rows; row++) sums[row] += imul(weights[at + row], value);
    }
    for (let row = 0; row < rows; row++) sums[row] = (sums[row] + 128) >> 8;
    if (rows > 2) for (let row = 0; row < rows; row++) sums[row] = clamp(sums[row], 0, 16383);
    known = sums;
  }
  return known;
}

/** Range decoder (5.3.1). point - low and range are two words of 32 bits each. */
function reader(bytes) {
  let read = 0;
  const word = () => {
    let value = 0;
    for (let i = 0; i < 4; i++) value = value * 256 + (bytes[read++] ?? 0);
    return value;
  };
  let high = word(), low = word(), spanHigh = WORD - 1, spanLow = WORD - 1;
  const symbol = (find) => {
    const unit = spanHigh * 65536 + floor(spanLow / 65536);
    const unitHigh = floor(unit / WORD), unitLow = unit % WORD;
    // The quotient may be off by one; the rest is exact.
    let q = floor((high * WORD + low) / unit);
    const rest = (high - q * unitHigh) * WORD + low - q * unitLow;
    q += rest < 0 ? -1 : rest >= unit ? 1 : 0;
    if (q > 65535) throw bad();
    const [value, start, width] = find(q);
    const below = low - start * unitLow;
    high += floor(below / WORD) - start * unitHigh;
    low = below - floor(below / WORD) * WORD;
    spanHigh = width * unitHigh + floor(width * unitLow / WORD);
    spanLow = width * unitLow % WORD;
    if (!spanHigh) {
      [spanHigh, spanLow] = [spanLow, 0];
      [high, low] = [low, word()];
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
    const long = (high, low) => (BigInt(high) << 32n) + BigInt(low);
    const inside = BigInt(clamp(bytes.length - read + 8, 0, 8));
    const v = 1n << (64n - 8n * inside), offset = long(high, low);
    const last = bytes[bytes.length - 1];
    if (bytes.length > read || !last || offset >= v || offset + BigInt(256 - last) * v < long(spanHigh, spanLow)) throw bad();
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
    let low = first, high = last + 1, middle = centre, from = 0, to = 65536;
    while (high - low > 1) {
      const at = start(middle);
      if (at > q) [high, to] = [middle, at];
      else [low, from] = [middle, at];
      middle = low === centre && high > centre + 1 ? centre + 1 : (low + high) >> 1;
    }
    return [low, from, to - from];
  });
  const sign = (found === last) - (found === first);
  const value = sign ? found + sign * source.golomb(max(octave + 1, 0)) : found;
  if (value < -32768 || value > 32767) throw bad();
  return value;
}

/** Frequencies of the brightness in order, as (square * 64 + k) * 64 + l, and the reach (11.3). */
function frequencies(aspect, step) {
  const units = abs(aspect);
  const below = floor(POWERS[4 * (units % 64)] / 2 ** (14 + floor(units / 64)));
  const above = floor(WORD / below);
  const [wide, high] = aspect >= 0 ? [below, above] : [above, below];
  const reach = min((step % 2 ? 834134 : 9 * 65536) * 2 ** (step >> 1), 2304 * 65536);
  const all = new Float64Array(SIDE * SIDE);
  let count = 0;
  for (let l = 0; l < SIDE; l++)
    for (let k = 0; k < SIDE; k++) {
      const square = k * k * wide + l * l * high;
      if (square <= reach) all[count++] = (square * SIDE + k) * SIDE + l;
    }
  return [all.subarray(0, count).sort(), reach];
}

const size = (value) => min(abs(value), SEEN) * 64;

/** [k, l, level] of a channel, without zeros; `known` has all levels of channels before (11.4). */
function levels(source, [all, reach], step, channel, known) {
  const mine = (known[channel] = new Int32Array(COLUMNS * COLUMNS));
  const before = channel < 3 ? known.slice(0, channel) : [];
  const sums = before.map(() => [0, 0]);
  const most = floor(reach / [1, 4, 8, 4][channel]);
  const inputs = new Int32Array(24);
  inputs.set([(step - 16) * 16, 64 * (channel === 1), 64 * (channel === 2)], 15);
  const last = new Int32Array(24);
  let mean, scale;
  const found = [];
  let fast = 64, slow = 64;
  for (const frequency of all) {
    const l = frequency % SIDE, k = floor(frequency / SIDE) % SIDE, square = floor(frequency / SIDE ** 2);
    if (square > most) break;
    const at = (l + 2) * COLUMNS + k + 2;
    for (let i = 0; i < 7; i++) inputs[i] = size(mine[at + NEIGHBOURS[i]]);
    inputs[7] = fast;
    inputs[8] = slow;
    before.forEach((other, i) => {
      inputs[9 + i] = size(other[at]);
      inputs[12 + i] = clamp(floor(64 * other[at] * sums[i][1] / (sums[i][0] + 4)), -960, 960);
    });
    if (before.length) inputs[11] = min(AROUND.reduce((sum, offset) => sum + size(before[0][at + offset]), 0), 960);
    inputs[14] = floor(log2(square) / 1024) - 1024;
    inputs[18] = 64 * !k;
    inputs[19] = 64 * !l;
    inputs[20] = 64 * (!k && l === 1);
    inputs[21] = 64 * (!k && !l);
    inputs[22] = clamp(mine[at - 2], -SEEN, SEEN) * 64;
    inputs[23] = clamp(mine[at - 2 * COLUMNS], -SEEN, SEEN) * 64;
    // Often all is 0 and stays so.
    if (inputs.some((input, i) => input !== last[i])) {
      [mean, scale] = expected(inputs);
      last.set(inputs);
    }
    const value = (mine[at] = level(source, clamp(mean, -16384, 16384), clamp(scale, -256, 512)));
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
const means = (pixels) =>
  range(SIDE, (k) => {
    const half = PI * k / (2 * pixels);
    const factor = k ? sqrt(2) * sin(half) / half : 1;
    return Float64Array.from({ length: pixels }, (_, i) => factor * cos(half * (2 * i + 1)));
  });

function plane(found, step, across, down) {
  const width = across[0].length, height = down[0].length;
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

function render(channels, step, width, height) {
  const across = means(width), down = means(height);
  const [y, c, d, a] = channels.map((found) => plane(found, step, across, down));
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0, at = 0; i < y.length; i++) {
    const gray = 0.5 + y[i] / sqrt(3), red = c[i] / sqrt(2), green = d[i] / sqrt(6);
    for (const value of [gray + red + green, gray - 2 * green, gray - red + green, a ? 0.5 + a[i] / sqrt(3) : 1])
      data[at++] = round(255 * value);
  }
  return data;
}

/** RGBA as a data URL: BITMAPV4HEADER with rows from the top, masks of channels, and 'sRGB'. */
function bitmap(data, width, height) {
  const head = new Uint32Array(30);
  head.set([122 + data.length, 0, 122, 108, width, -height, 1 + 32 * 65536, 3, data.length, 0, 0, 0, 0, 255, 255 << 8, 255 << 16, 255 << 24, 0x73524742]);
  const bytes = [66, 77, ...new Uint8Array(head.buffer), ...data];
  return `data:image/bmp;base64,${btoa(bytes.map((byte) => String.fromCharCode(byte)).join(''))}`;
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
  const order = frequencies(code, step);
  const channels = range(alpha ? 4 : 3, (channel) => levels(source, order, step, channel, known));
  source.end();
  const aspect = exact ? exact[1] : 2 ** (code / 64);
  const pixels = (width, height) => render(channels, step, width, height);
  const sizeWithin = (side) => {
    const shorter = max(1, round(side * min(aspect, 1 / aspect)));
    return aspect >= 1 ? { width: side, height: shorter } : { width: shorter, height: side };
  };
  return {
    aspect,
    alpha,
    average: [...pixels(1, 1)],
    sizeWithin,
    pixels,
    dataURL: (side = 32) => {
      const { width, height } = sizeWithin(side);
      return bitmap(pixels(width, height), width, height);
    },
  };
}
