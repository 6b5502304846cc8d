// Decodes placeholders (format/SPEC.md, chapter 11), in browsers, workers and Node.

// 11.5: the weights / 8 and biases / 64 of each layer. A number is a character of a code 80 higher; ~ adds 58, a space -58.
const PRIOR = '.=C?SEAKw76IVuQ;j~DDOM XYNM I9R9B5BW[+PLASC7~~"M87VWNTCADOJKCBLOL]YOLSXLNFZLS[~"U]]_USQUISe~sK a~E~m=59bWT@a~"N<O=>9BJO~D^O#K~Q@?_8>c2/.Y:Z(1[E@QGoQMehCS`8HEe Q[,3EM:G<#PHGO:i~OA>?QNIQ%KQbiYQNA`PQZDn = PU^2LOWQ]TWVVOWIWTQs~"Kb X  Uqry3T_W7URLOZIOPUV O 4SApbAHi*Kg+ P);@5B5`X^MBNRVLqWNM:[SYCIN[IZD<P`E~T~XK/*;MWA VYB9DH>GNMIYQKKx~aROX]83 YJKKH aAX64=D~"CUMv=TFibQV=F]9C=C;8>CA=58KRZU6i~d;A Z;NDW9ZRXQ]LOPjN~J~vW4om>= VmJ9P6O= TbTUHM XSqqFrJ  &T~"sEIMMIVTKKSAQO RK9eS2n~PA7N]VXJBKNNCKF]E ROQnEo~H{NU@ 5PQ`^W~"YR_mU~"nSSwQf6 5ikACPE;_RAJXOR_VUS~N~~OWCYX?:=L5H6RGFQXAGVW 4R 5LSQl8XRf 8`C6 Z,( LAC  <>D^K`NSPZEcRRQNTKNXPUX~"]XVfN .  OVEdI7AL/d~"EEEDVIR2JV*Q~^YPZt 8=Y <VVWL@MOPUMReDXUStZR~K~`5005RSHSUANHK SFPXLVOTLJA Z~"UJWQ[9R3-?G  T GCKIU_VK J QBCLN>LFE3SA>8QGY4:9SG= +Y<^7PFF+$>7;UC RaSYWHHTM@v.Ov9YKWO)@6WPMDJM?HHC}* 9MYy:PVDLEMBP<EDNQT O>LDE>7,T7MNuW ?H   E~e8$F~Y~_     ; K~i    Q J  &~~n~~j   DHQw  E D~u~~}#T~G  O   (GRTPEQLIGMIIIOHNJN:>HKUEERJMPNBM];P<ZISWYMIKJ`9P~"RO<L/H3JOKS~"F`QiSLALSMLSUVQLZ@A]TfRFI@>R 0 =MFIWQ4?MYJO>ATSZN6?=MCW?J3QI[EYW>LPCF[ORORReAFQZ_NW1SMR]FQMfERPW]2WSO~"WVW_QYAPLTWJU.VLY~"FUP`LOYYUUXA]U6TF:VCZZWHPFEV>MTAaJaEXHEG0`F]XOSIIRSOJKIMMISSRODGLOLRMLNNPVLNL[;S9FP;HlI<1GJW XP]RBBWCP/APM:5M74GOQ<CAO[DM;KZF]TNH]`@2CeOM.2DTREDP*;H5YM&INGNE?Z5`CC)KG>MDKFQbM;FP:AW83cFVA;CKIVBMJMMNPGAXQ9FkFYNJH=Y?QOMXMDL&JEPUFJQOJPPHT.HQQVEQLDCHROEQDJGNBaRUPALR>ZEHG TBDJTWNO~"[SIQ~"UNNIFG;SRHLYZ^GQNWYTVD>@LRGM4`2ATDLMRW5C ZTL@E<EJKBJWQJ,  Y~~~~~~Of~~~z~~~~Ts3~~z1  6 A~~PT~~~IIPISMPQMTVT4aOZNWTN_O@BWVVTOQMMITH    V';
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
  let at = 0;
  const next = () => {
    const number = PRIOR.charCodeAt(at++) - 80;
    return number > 45 ? next() + 58 : number < -47 ? next() - 58 : number;
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
  const zeros = clz32(value), digits = value << zeros;
  const i = digits >>> 23 & 255;
  return (31 - zeros) * 65536 + LOGS[i] + ((LOGS[i + 1] - LOGS[i]) * (digits >>> 7 & 65535) >> 16);
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
    for (let row = 0; row < rows; row++) sums[row] = clamp((sums[row] + 128) >> 8, rows > 2 ? 0 : -16384, 16383 + (rows < 3));
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
  let high = word(), low = word(), spanHigh = WORD - 1, spanLow = WORD - 1, unitHigh, unitLow;
  // A number within the next symbol, for `take`.
  const peek = () => {
    unitHigh = spanHigh >>> 16;
    unitLow = (spanHigh << 16 | spanLow >>> 16) >>> 0;
    const unit = unitHigh * WORD + unitLow;
    // The quotient may be off by one; the rest is exact.
    let q = floor((high * WORD + low) / unit);
    const rest = (high - q * unitHigh) * WORD + low - q * unitLow;
    q += rest < 0 ? -1 : rest >= unit ? 1 : 0;
    if (q > 65535) throw bad();
    return q;
  };
  const take = (start, width) => {
    const below = low - start * unitLow;
    high += floor(below / WORD) - start * unitHigh;
    low = below >>> 0;
    spanHigh = width * unitHigh + floor(width * unitLow / WORD);
    spanLow = imul(width, unitLow) >>> 0;
    if (!spanHigh) {
      [spanHigh, spanLow] = [spanLow, 0];
      [high, low] = [low, word()];
    }
  };
  const bits = (count) => {
    if (!count) return 0;
    const q = peek(), shift = 16 - count;
    take(q >> shift << shift, 1 << shift);
    return q >> shift;
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
  return { peek, take, bits, golomb, end };
}

/** Decodes levels under the distribution that was set (5.4.4). */
function decoder(source) {
  let mean, octave, steepness, centre, first, last, begin, end;
  const start = (h) => {
    if (h <= first) return 0;
    if (h > last) return 65536;
    const d = 64 * h - 32 - mean;
    const e = floor(abs(d) * steepness / 64), i = e / 65536, f = e >> 8 & 255;
    const power = i < 16 ? POWERS[f] - ((POWERS[f] - POWERS[f + 1]) * (e & 255) >> 8) : 0;
    const tail = power >> 15 + i;
    return floor((d < 0 ? tail : 65536 - tail) * (65535 - last + first) / 65536) + h - first;
  };
  const set = (sums) => {
    const scale = clamp(sums[1], -256, 512);
    mean = sums[0];
    octave = scale >> 6;
    steepness = floor(94548 * POWERS[4 * (scale & 63)] / 2 ** (30 + octave));
    centre = (mean + 32) >> 6;
    const reach = 4 << clamp(octave + 2, 0, 7);
    first = centre - reach;
    last = centre + reach;
    begin = start(centre);
    end = start(centre + 1);
  };
  const level = () => {
    const q = source.peek();
    let low = centre, high = centre + 1, from = begin, to = end;
    if (q < begin) [low, high, from, to] = [first, low, 0, begin];
    else if (q >= end) [low, high, from, to] = [high, last + 1, end, 65536];
    while (high - low > 1) {
      const middle = (low + high) >> 1, at = start(middle);
      if (at > q) [high, to] = [middle, at];
      else [low, from] = [middle, at];
    }
    source.take(from, to - from);
    const sign = (low === last) - (low === first);
    if (sign) low += sign * source.golomb(max(octave + 1, 0));
    if (low < -32768 || low > 32767) throw bad();
    return low;
  };
  return { set, level };
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

/** [k, l, level] of a channel, without zeros; `known` has levels and sizes of all channels before (11.4). */
function levels(source, [all, reach], step, channel, known) {
  const mine = new Int32Array(COLUMNS * COLUMNS), sizes = mine.slice();
  const before = channel < 3 ? known.slice() : [];
  known[channel] = [mine, sizes];
  const a = [0, 0], b = [0, 0];
  const most = floor(reach / [1, 4, 8, 4][channel]);
  const inputs = new Int32Array(24), last = new Int32Array(24);
  inputs.set([(step - 16) * 16, 64 * (channel === 1), 64 * (channel === 2)], 15);
  const found = [], { set, level } = decoder(source);
  let fast = 64, slow = 64;
  for (const frequency of all) {
    const place = frequency % SIDE ** 2, square = (frequency - place) / SIDE ** 2;
    if (square > most) break;
    const l = place % SIDE, k = place >> 6;
    const at = (l + 2) * COLUMNS + k + 2;
    for (let i = 0; i < 7; i++) inputs[i] = sizes[at + NEIGHBOURS[i]];
    inputs[7] = fast;
    inputs[8] = slow;
    for (let i = 0; i < before.length; i++) {
      inputs[9 + i] = before[i][1][at];
      inputs[12 + i] = clamp(floor(64 * before[i][0][at] * b[i] / (a[i] + 4)), -960, 960);
    }
    if (before.length) {
      inputs[11] = 0;
      for (const offset of AROUND) inputs[11] += before[0][1][at + offset];
      inputs[11] = min(inputs[11], 960);
    }
    inputs[14] = (log2(square || 1) >> 10) - 1024;
    inputs[18] = 64 * !k;
    inputs[19] = 64 * !l;
    inputs[20] = 64 * (!k && l === 1);
    inputs[21] = 64 * !place;
    inputs[22] = clamp(mine[at - 2], -SEEN, SEEN) * 64;
    inputs[23] = clamp(mine[at - 2 * COLUMNS], -SEEN, SEEN) * 64;
    let changed = 0;
    for (let i = 0; i < 24; i++) {
      changed |= inputs[i] ^ last[i];
      last[i] = inputs[i];
    }
    // Often all is 0 and stays so.
    if (changed) set(expected(inputs));
    const value = (mine[at] = level());
    const size = (sizes[at] = min(abs(value), SEEN) * 64);
    fast += (size - fast) >> 3;
    slow += (size - slow) >> 5;
    if (square)
      for (let i = 0; i < before.length; i++) {
        const other = before[i][0][at];
        a[i] += other * other;
        b[i] += other * value;
      }
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
