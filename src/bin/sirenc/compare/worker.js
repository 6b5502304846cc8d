"use strict";
// Evaluates a network on tiles of pixels: a <- sin(omega (W a + b)), then a linear layer (SPEC.md,
// section 6). On a graphics processor where that is faster and gives the same, else here.

let evaluators = [];

onmessage = ({ data }) => {
  if (data.network) {
    const packed = pack(data.network);
    const plain = plainEvaluator(packed);
    const device = data.device && agreeing(deviceEvaluator(packed), plain);
    evaluators = device ? [device, plain] : [plain];
    postMessage({ ready: evaluators[0].name });
  } else {
    const pixels = evaluators[0].evaluate(data) || evaluators[1].evaluate(data);
    postMessage({ key: data.key, pixels }, [pixels.buffer]);
  }
};

// The device's evaluator if it is as good as the plain one, and faster.
function agreeing(device, plain) {
  if (!device) return null;
  const size = 48;
  const tile = { x: -0.5, y: -0.4, pitch: 1 / size, width: size, height: size };
  const timed = (evaluator) => {
    evaluator.evaluate(tile); // the first run compiles
    const start = performance.now();
    const pixels = evaluator.evaluate(tile);
    return { pixels, time: performance.now() - start };
  };
  const [a, b] = [timed(device), timed(plain)];
  if (!a.pixels || a.time > b.time) return null;
  return a.pixels.every((value, i) => Math.abs(value - b.pixels[i]) <= 1) ? device : null;
}

// Weights with omega multiplied in, padded to blocks of 4 outputs x 4 inputs. For every 4 outputs of a
// layer, `values` has their biases, then for each 4 inputs the 4 x 4 weights, input by input.
function pack({ widths, omegas, parameters }) {
  const quads = (count) => Math.ceil(count / 4);
  const layers = [];
  const values = [];
  let next = 0;
  for (let k = 1; k < widths.length; k++) {
    const [inputs, outputs, omega] = [widths[k - 1], widths[k], omegas[k - 1]];
    const weight = (o, i) => (o < outputs && i < inputs ? omega * parameters[next + o * inputs + i] : 0);
    const bias = (o) => (o < outputs ? omega * parameters[next + outputs * inputs + o] : 0);
    layers.push({ start: values.length / 4, inputs: quads(inputs), outputs: quads(outputs) });
    for (let o = 0; o < 4 * quads(outputs); o += 4) {
      for (let row = 0; row < 4; row++) values.push(bias(o + row));
      for (let i = 0; i < 4 * quads(inputs); i++) {
        for (let row = 0; row < 4; row++) values.push(weight(o + row, i));
      }
    }
    next += outputs * (inputs + 1);
  }
  return { layers, values: Float32Array.from(values), channels: widths[widths.length - 1] };
}

// ---- In JavaScript: a block of pixels at a time goes through all layers, one row per neuron. ----

const BLOCK = 128;

function plainEvaluator({ layers, values, channels }) {
  const weights = Float64Array.from(values);
  const rows = 4 * Math.max(1, ...layers.map((layer) => layer.outputs));
  let from = new Float64Array(rows * BLOCK);
  let to = new Float64Array(rows * BLOCK);
  const block = () => {
    layers.forEach((layer, index) => {
      affine(layer, weights, from, to);
      if (index < layers.length - 1) sines(to, 4 * layer.outputs * BLOCK);
      [from, to] = [to, from];
    });
  };
  const evaluate = ({ x, y, pitch, width, height }) => {
    const pixels = new Uint8ClampedArray(4 * width * height);
    for (let first = 0; first < width * height; first += BLOCK) {
      const count = Math.min(BLOCK, width * height - first);
      from.fill(0, 0, 4 * BLOCK);
      for (let slot = 0; slot < count; slot++) {
        const pixel = first + slot;
        from[slot] = x + pitch * ((pixel % width) + 0.5);
        from[BLOCK + slot] = y + pitch * (Math.floor(pixel / width) + 0.5);
      }
      block();
      for (let slot = 0; slot < count; slot++) {
        // Writing to a clamped array rounds.
        const value = (channel) => 127.5 * from[channel * BLOCK + slot] + 127.5;
        const at = 4 * (first + slot);
        for (let c = 0; c < 3; c++) pixels[at + c] = value(channels < 3 ? 0 : c);
        pixels[at + 3] = channels % 2 ? 255 : value(channels - 1);
      }
    }
    return pixels;
  };
  return { name: "JavaScript", evaluate };
}

// Two outputs by four inputs at a time keep sums and weights in registers.
function affine({ start, inputs, outputs }, w, from, to) {
  const stride = 4 + 16 * inputs;
  for (let o = 0; o < 4 * outputs; o += 2) {
    const base = 4 * start + (o >> 2) * stride + (o & 3);
    const z0 = o * BLOCK;
    const z1 = z0 + BLOCK;
    to.fill(w[base], z0, z1);
    to.fill(w[base + 1], z1, z1 + BLOCK);
    for (let i = 0; i < inputs; i++) {
      const at = base + 4 + 16 * i;
      const a0 = w[at], a1 = w[at + 4], a2 = w[at + 8], a3 = w[at + 12];
      const b0 = w[at + 1], b1 = w[at + 5], b2 = w[at + 9], b3 = w[at + 13];
      const x = 4 * i * BLOCK;
      for (let p = 0; p < BLOCK; p++) {
        const x0 = from[x + p], x1 = from[x + BLOCK + p];
        const x2 = from[x + 2 * BLOCK + p], x3 = from[x + 3 * BLOCK + p];
        to[z0 + p] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3;
        to[z1 + p] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3;
      }
    }
  }
}

// sin x = (-1)^n sin r with n = round(x / pi), r = x - n pi; sin r by its Taylor polynomial of degree 11,
// whose error is at most 6e-8. Several times as fast as Math.sin.
function sines(values, count) {
  const ROUND = 6755399441055744; // 1.5 * 2^52: adding it rounds to an integer
  for (let i = 0; i < count; i++) {
    const x = values[i];
    const n = x * (1 / Math.PI) + ROUND - ROUND;
    const r = x - n * Math.PI;
    const s = r * r;
    const p = -1 / 6 + s * (1 / 120 + s * (-1 / 5040 + s * (1 / 362880 + s * (-1 / 39916800))));
    const sine = r + r * s * p;
    values[i] = n & 1 ? -sine : sine;
  }
}

// ---- On a graphics processor: one fragment per pixel, the weights in a texture. ----

const TEXELS = 1024; // texels per row of that texture
const MOST_QUADS = 32; // wider layers than this do not fit what a fragment can keep

// A triangle over all of the target.
const EVERYWHERE = `#version 300 es
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1); }`;

function shader(layers, channels) {
  const quads = Math.max(...layers.map((layer) => layer.outputs));
  const colour = ["vec4(c.rrr, 1)", "c.rrrg", "vec4(c.rgb, 1)", "c"][channels - 1];
  return `#version 300 es
precision highp float;
precision highp int;
uniform highp sampler2D weights;
uniform ivec3 layers[${layers.length}]; // first texel, inputs / 4, outputs / 4
uniform vec2 origin;
uniform float pitch;
out vec4 colour;
vec4 texel(int i) { return texelFetch(weights, ivec2(i % ${TEXELS}, i / ${TEXELS}), 0); }
// The built-in sine may be off by 2^-11. Pi in two parts, of which the first times n is exact.
vec4 sine(vec4 x) {
  vec4 n = round(x * ${1 / Math.PI});
  vec4 r = (x - n * 3.140625) - n * 9.676535897932e-4;
  vec4 s = r * r;
  vec4 p = s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s * (1.0 / 362880.0 - s / 39916800.0))));
  return (r + r * p) * (1.0 - 2.0 * mod(n, 2.0));
}
void main() {
  vec4 a[${quads}];
  vec4 z[${quads}];
  a[0] = vec4(origin + pitch * gl_FragCoord.xy, 0, 0);
  for (int l = 0; l < ${layers.length}; l++) {
    int at = layers[l].x;
    for (int o = 0; o < layers[l].z; o++) {
      vec4 sum = texel(at++);
      for (int i = 0; i < layers[l].y; i++, at += 4) {
        sum += mat4(texel(at), texel(at + 1), texel(at + 2), texel(at + 3)) * a[i];
      }
      z[o] = l < ${layers.length - 1} ? sine(sum) : sum;
    }
    for (int o = 0; o < layers[l].z; o++) a[o] = z[o];
  }
  vec4 c = clamp(0.5 * a[0] + 0.5, 0.0, 1.0);
  colour = ${colour};
}`;
}

// Null where there is no WebGL 2, or it cannot do this.
function deviceEvaluator({ layers, values, channels }) {
  const canvas = self.OffscreenCanvas && new OffscreenCanvas(1, 1);
  const gl = canvas && canvas.getContext("webgl2", { antialias: false, depth: false });
  if (!gl || layers.some((layer) => layer.outputs > MOST_QUADS)) return null;
  const program = link(gl, EVERYWHERE, shader(layers, channels));
  if (!program) return null;
  gl.useProgram(program);
  const texels = new Float32Array(4 * TEXELS * Math.ceil(values.length / 4 / TEXELS));
  texels.set(values);
  texture(gl, gl.RGBA32F, TEXELS, texels.length / 4 / TEXELS, gl.FLOAT, texels);
  const uniform = (name) => gl.getUniformLocation(program, name);
  gl.uniform3iv(uniform("layers"), layers.flatMap((layer) => [layer.start, layer.inputs, layer.outputs]));
  const [origin, pitch] = [uniform("origin"), uniform("pitch")];
  gl.activeTexture(gl.TEXTURE1); // the target must not unbind the weights
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  let size = 0;
  const evaluate = (tile) => {
    const { width, height } = tile;
    if (Math.max(width, height) > size) {
      size = Math.max(width, height);
      const target = texture(gl, gl.RGBA8, size, size, gl.UNSIGNED_BYTE, null);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, target, 0);
    }
    gl.viewport(0, 0, width, height);
    gl.uniform2f(origin, tile.x, tile.y);
    gl.uniform1f(pitch, tile.pitch);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    const pixels = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return gl.isContextLost() || gl.getError() ? null : new Uint8ClampedArray(pixels.buffer);
  };
  return { name: "WebGL 2", evaluate };
}

function link(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const part = gl.createShader(type);
    gl.shaderSource(part, source);
    gl.compileShader(part);
    gl.attachShader(program, part);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

function texture(gl, format, width, height, type, values) {
  const name = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, name);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RGBA, type, values);
  return name;
}
