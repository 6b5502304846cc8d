// Evaluates pictures and frames of videos by WebGL 2, the network at every pixel in a fragment shader.
//
// What is rendered are the values at pixels' centres, which agree with those of the workers as SPEC 6.4 says. Derivatives,
// pixels that are means over their areas (those of a smaller picture, and of a larger one with grids), and networks or grids
// that are too large are left to the workers, and so is all where there is no GPU, or where anything fails.

const WIDEST = 64; // neurons of a layer, for which a shader has room
const LARGEST = 2 ** 22; // latents
const DEAREST = 2 ** 16; // operations of a point
const COLUMNS = 4096; // of the texture that holds the latents
const PIECE = 2 ** 31; // operations that are asked for at a time, so that the page is drawn in between

const SINE = `
// The sine of a full turn, of an absolute error below 2^-22. That of the language may be much less exact.
vec4 sine(vec4 turns) {
  vec4 r = turns - round(turns);
  vec4 f = min(abs(r), 0.5 - abs(r));
  vec4 q = f * f;
  return sign(r) * f * (6.28318528 + q * (-41.3416806 + q * (81.6024764 + q * (-76.5811726 + q * 39.7598271))));
}`;

// SPEC 6.2.1. Whole and fractional parts of places are apart, so that little is lost far from the corner.
const LATENT = `
uniform sampler2D latents;
float latent(vec2 near, int k, ivec2 nodes, int first) {
  vec2 place = (vec2(base & ((1 << k) - 1)) + near) / float(1 << k) - 0.5;
  vec2 f = fract(place), g = 1.0 - f;
  ivec2 node = (base >> k) + ivec2(floor(place)) - 1;
  vec2 weights[4] = vec2[4](g * g * g, (3.0 * f - 6.0) * f * f + 4.0, (3.0 * g - 6.0) * g * g + 4.0, f * f * f);
  float sum = 0.0;
  for (int j = 0; j < 4; j++) {
    int row = first + clamp(node.y + j, 0, nodes.y - 1) * nodes.x;
    float line = 0.0;
    for (int i = 0; i < 4; i++) {
      int at = row + clamp(node.x + i, 0, nodes.x - 1);
      line += weights[i].x * texelFetch(latents, ivec2(at % ${COLUMNS}, at / ${COLUMNS}), 0).r;
    }
    sum += weights[j].y * line;
  }
  return sum / 36.0;
}`;

const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0, 1);
}`;

const fours = (count) => Math.ceil(count / 4);

// The layers out of a network's numbers. Of each the shader reads vectors of four: for every four outputs their biases, then
// the weights by which they take each input.
function layersOf({ hidden, channels }, numbers, inputs) {
  let at = 0;
  return [...hidden, channels].map((outputs, index) => {
    if (index) inputs = hidden[index - 1];
    const each = 4 * fours(inputs) + 1;
    const vectors = new Float32Array(4 * fours(outputs) * each);
    const place = (o, i) => 4 * ((o >> 2) * each + i) + (o & 3);
    for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) vectors[place(o, i + 1)] = numbers[at++];
    for (let o = 0; o < outputs; o++) vectors[place(o, 0)] = numbers[at++];
    return { inputs, outputs, vectors, end: at };
  });
}

// The grids out of the numbers after those of layers: their places in the texture, and all latents.
function gridsOf(numbers, count) {
  const latents = new Float32Array(COLUMNS * Math.ceil(numbers.length / COLUMNS));
  let [at, first] = [0, 0];
  const places = Array.from({ length: count }, () => {
    const [scale, columns, rows] = numbers.subarray(at, (at += 3));
    latents.set(numbers.subarray(at, (at += columns * rows)), first);
    const place = `${scale}, ivec2(${columns}, ${rows}), ${first}`;
    first += columns * rows;
    return place;
  });
  return { places, latents };
}

function fragment({ width, height, channels }, layers, places, vectors) {
  const widest = Math.max(...layers.map(({ inputs, outputs }) => fours(Math.max(inputs, outputs))));
  const input = places.length
    ? places.map((place, i) => `a[${i >> 2}][${i & 3}] = latent(near, ${place});`)
    : [`a[0] = vec4((vec2(2 * base - ivec2(${width}, ${height})) + 2.0 * near) / ${Math.max(width, height)}.0, time, 0);`];
  let first = 0;
  const steps = layers.map(({ inputs, outputs, vectors }, index) => {
    const [from, to] = index % 2 ? ["b", "a"] : ["a", "b"];
    const step = `
  for (int o = 0; o < ${fours(outputs)}; o++) {
    int at = ${first} + o * ${4 * fours(inputs) + 1};
    vec4 sum = w[at++];
    for (int i = 0; i < ${fours(inputs)}; i++, at += 4) {
      vec4 v = ${from}[i];
      sum += w[at] * v.x + w[at + 1] * v.y + w[at + 2] * v.z + w[at + 3] * v.w;
    }
    ${to}[o] = ${index < layers.length - 1 ? "sine(sum)" : "0.5 + 0.5 * sum"};
  }`;
    first += vectors.length / 4;
    return step;
  });
  const shown = ["xxx, 1", "xxxy", "xyz, 1", "xyzw"][channels - 1];
  return `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
layout(std140) uniform Network { vec4 w[${vectors}]; };
uniform ivec2 base;
uniform vec2 rest, each;
uniform float time;
out vec4 colour;
${SINE}
${places.length ? LATENT : ""}
void main() {
  vec2 near = rest + gl_FragCoord.xy * each;
  vec4 a[${widest}], b[${widest}];
  for (int i = 0; i < ${widest}; i++) a[i] = b[i] = vec4(0);
  ${input.join("\n  ")}
  ${steps.join("")}
  colour = vec4(${layers.length % 2 ? "b" : "a"}[0].${shown});
}`;
}

export class Gpu {
  #siren;
  #gl;
  #at = {}; // places of uniforms
  #last = Promise.resolve(); // of what has been asked for
  #width = 0; // of the buffer that is rendered to
  #rows = 0;

  /** Prepares to render `siren`. Rejects where this GPU cannot, and where a processor only plays one, unless `software`. */
  static async of(siren, { software = false } = {}) {
    const { hidden, width, height, grids, latents, operationsPerPoint } = siren;
    const inputs = grids || (siren.kind === "video" ? 3 : 2);
    if (!width || !height) throw new Error("no picture");
    if (Math.max(inputs, ...hidden) > WIDEST) throw new Error("a network that is too wide");
    if (latents > LARGEST || operationsPerPoint > DEAREST) throw new Error("a network that is too large");
    const canvas = globalThis.OffscreenCanvas ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
    const gl = canvas.getContext("webgl2", { failIfMajorPerformanceCaveat: !software, antialias: false, depth: false });
    if (!gl) throw new Error("no WebGL 2");
    const gpu = new Gpu();
    [gpu.#siren, gpu.#gl] = [siren, gl];
    try {
      gpu.#prepare(await siren.numbers(), inputs);
    } catch (error) {
      gpu.close(); // a page has only a few contexts
      throw error;
    }
    return gpu;
  }

  #prepare(numbers, inputs) {
    const gl = this.#gl;
    const siren = this.#siren;
    const layers = layersOf(siren, numbers, inputs);
    const { places, latents } = gridsOf(numbers.subarray(layers.at(-1).end), siren.grids);
    const weights = Float32Array.from(layers.flatMap(({ vectors }) => [...vectors]));
    if (weights.byteLength > gl.getParameter(gl.MAX_UNIFORM_BLOCK_SIZE)) throw new Error("a network of too many weights");
    const program = link(gl, VERTEX, fragment(siren, layers, places, weights.length / 4));
    gl.useProgram(program);
    for (const name of ["base", "rest", "each", "time"]) this.#at[name] = gl.getUniformLocation(program, name);
    gl.bindBufferBase(gl.UNIFORM_BUFFER, 0, gl.createBuffer());
    gl.bufferData(gl.UNIFORM_BUFFER, weights, gl.STATIC_DRAW);
    if (places.length) {
      gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, COLUMNS, latents.length / COLUMNS, 0, gl.RED, gl.FLOAT, latents);
      for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    }
    const buffer = gl.createRenderbuffer();
    gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, buffer);
    check(gl);
  }

  /** Renders as `Siren.render` does, values at pixels' centres; one rendering after another. */
  render(options) {
    const rendering = this.#last.then(() => this.#render(options));
    this.#last = rendering.catch(() => {});
    return rendering;
  }

  async #render({ width, height, region, time = 0, signal, onrows }) {
    const gl = this.#gl;
    const { width: wide, height: high, rate, frames, operationsPerPoint } = this.#siren;
    const image = new ImageData(region.width, region.height);
    const each = [wide / width, high / height];
    gl.uniform2f(this.#at.each, ...each);
    gl.uniform1f(this.#at.time, frames ? (2 * time * rate + 1) / frames - 1 : 0);
    const most = Math.max(1, Math.floor(PIECE / (operationsPerPoint * region.width)));
    for (let first = 0, rows; first < region.height; first += rows) {
      signal?.throwIfAborted();
      rows = Math.min(most, region.height - first);
      const corner = [region.x * each[0], (region.y + first) * each[1]];
      const base = corner.map(Math.floor);
      this.#room(region.width, rows);
      gl.uniform2i(this.#at.base, ...base);
      gl.uniform2f(this.#at.rest, corner[0] - base[0], corner[1] - base[1]);
      gl.viewport(0, 0, region.width, rows);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      await this.#done();
      gl.readPixels(0, 0, region.width, rows, gl.RGBA, gl.UNSIGNED_BYTE, image.data, 4 * region.width * first);
      check(gl);
      onrows?.(image, first, rows);
    }
    return image;
  }

  close() {
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  // Makes the buffer as large as a piece.
  #room(width, rows) {
    if (width <= this.#width && rows <= this.#rows) return;
    const gl = this.#gl;
    [this.#width, this.#rows] = [Math.max(width, this.#width), Math.max(rows, this.#rows)];
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, this.#width, this.#rows);
  }

  // Waits until all that was asked for is done, while the page goes on.
  async #done() {
    const gl = this.#gl;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve));
      const state = gl.clientWaitSync(fence, 0, 0);
      if (state === gl.ALREADY_SIGNALED || state === gl.CONDITION_SATISFIED) return gl.deleteSync(fence);
      if (state === gl.WAIT_FAILED || gl.isContextLost()) throw new Error("the GPU was lost");
    }
  }
}

function link(gl, ...sources) {
  const program = gl.createProgram();
  sources.forEach((source, i) => {
    const shader = gl.createShader([gl.VERTEX_SHADER, gl.FRAGMENT_SHADER][i]);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  });
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader)).join("") || "a shader failed");
  }
  return program;
}

function check(gl) {
  const error = gl.getError();
  if (error || gl.isContextLost()) throw new Error(`the GPU failed: ${error}`);
}

/** What renders as `siren` does: a GPU where there is one that can, and its workers otherwise. */
export function accelerated(siren) {
  let gpu = Gpu.of(siren).catch(() => null);
  return {
    render: async (options) => {
      const { width, height, derivative, points, signal } = options;
      const [across, down] = [width / siren.width, height / siren.height];
      const values = points || (siren.grids ? across === 1 && down === 1 : across >= 1 && down >= 1);
      const found = !derivative && values && (await gpu);
      if (!found) return siren.render(options);
      try {
        return await found.render(options);
      } catch (error) {
        if (signal?.aborted) throw error;
        gpu = Promise.resolve(null);
        return siren.render(options);
      }
    },
    close: () => gpu.then((found) => found?.close()),
  };
}
