// Opens .siren files and evaluates them at any size, in workers, by the decoder of sirenc compiled to WebAssembly.
//
// Work is cut into pieces that take some ten milliseconds each. They wait here, not in the workers, so that giving up a
// rendering takes its pieces out of the queue, and a page that asks for many renderings has them in the order it asked.

const PIECE = 2 ** 26; // operations of a piece, about (SPEC 7.3)
const FRAMES = 2 ** 16; // frames of a piece of a sound
const DERIVATIVES = ["gradient", "gradient-color", "laplacian"];
const QUANTITIES = [
  "side", "pixels", "frames", "networks", "layerWidth", "parameters", "operations", "metadata", "memory", "output",
];

/** Limits for files that a person has chosen and can give up: those of the command. */
export const INTERACTIVE = {
  pixels: 2 ** 36, frames: 2 ** 24, networks: 2 ** 20, parameters: 2 ** 26, operations: 1e13, memory: 2 ** 31, output: 2 ** 36,
};

/** Why a file or a request was refused. `fault` says whose fault it is: "file", "limit", "request" or "decoder". */
export class SirenError extends Error {
  constructor(fault, message) {
    super(message);
    this.name = "SirenError";
    this.fault = fault;
  }
}

const request = (message) => new SirenError("request", message);

// ---- Workers ----

const settings = {
  wasm: undefined,
  worker: undefined,
  workers: Math.min(globalThis.navigator?.hardwareConcurrency || 2, 4),
};
const queue = []; // tasks that no worker has begun
const workers = []; // each with the files that it holds, and the task that it does
let compiled; // a promise of the module
let starting; // a promise that workers have been started
let numbers = 0;

/** Says where the module and the worker are, and how many workers there may be; before the first file is opened. */
export function configure(changes) {
  if (compiled) throw request("configure() must be called before the first file is opened");
  Object.assign(settings, changes);
}

async function compile() {
  const source = settings.wasm ?? new URL("./decode.wasm", import.meta.url);
  if (source instanceof WebAssembly.Module) return source;
  if (!(source instanceof URL || typeof source === "string")) return WebAssembly.compile(source);
  if (String(source).startsWith("file:")) {
    const { readFile } = await import("node:fs/promises");
    return WebAssembly.compile(await readFile(new URL(source)));
  }
  const response = await fetch(source);
  if (!response.ok) throw new SirenError("decoder", `${source} could not be loaded: ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

// Starts all workers once. A worker that fails to start, or dies, fails the task that it does.
async function start() {
  compiled ??= compile();
  const module = await compiled;
  const Thread = globalThis.Worker ?? (await import("node:worker_threads")).Worker;
  while (workers.length < Math.max(settings.workers, 1)) add(Thread, module);
}

function add(Thread, module) {
  // In one expression, by which bundlers find the file.
  const thread = settings.worker
    ? new Thread(settings.worker)
    : new Thread(new URL("./worker.js", import.meta.url), { type: "module" });
  const worker = { thread, files: new Set(), task: null };
  const receive = (data) => finish(worker, data);
  const fail = (error) => {
    workers.splice(workers.indexOf(worker), 1);
    thread.terminate();
    // Others go on with what waits; where there is none left, nothing would ever begin it.
    const lost = worker.task ? [worker.task] : [];
    if (!workers.length) {
      lost.push(...queue.splice(0));
      starting = undefined;
    }
    const reason = new SirenError("decoder", `a worker failed: ${error.message || "it could not be started"}`);
    for (const task of lost) task.reject(reason);
  };
  if (thread.on) {
    thread.on("message", receive).on("error", fail);
    thread.unref(); // a program may end while workers wait
  } else {
    thread.onmessage = ({ data }) => receive(data);
    thread.onerror = fail;
  }
  thread.postMessage({ compiled: module });
  workers.push(worker);
}

// Does `work` on a file. It has exports called by `run`, in any worker; a promise of what the last of them makes. Where it
// fails, or `signal` gives it up, what waits in the queue is taken out, and what is being done is of no interest any more.
async function job(file, signal, work) {
  signal?.throwIfAborted();
  const tasks = new Set();
  const give = (reason) => {
    for (const task of tasks) {
      const at = queue.indexOf(task);
      if (at >= 0) queue.splice(at, 1);
      task.reject(reason);
    }
  };
  const abort = () => give(signal.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const run = (...calls) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const task = { number: ++numbers, file, calls, resolve, reject };
      tasks.add(task);
      queue.push(task);
      starting ??= start();
      starting.then(feed, (error) => {
        starting = compiled = undefined;
        give(error);
      });
    });
  try {
    return await work(run);
  } catch (error) {
    give(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

// Does all pieces of a length: `piece` is given where each begins.
function all(length, step, piece) {
  const starts = Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
  return Promise.all(starts.map(piece));
}

function feed() {
  for (const worker of workers) {
    if (worker.task || !queue.length) continue;
    const task = (worker.task = queue.shift());
    const { file } = task;
    const message = { task: task.number, file: file.number, calls: task.calls };
    if (!worker.files.has(file.number)) Object.assign(message, { bytes: file.bytes, limits: file.limits });
    worker.files.add(file.number);
    worker.thread.ref?.();
    worker.thread.postMessage(message);
  }
}

function finish(worker, { made, fault, message, closed }) {
  const { task } = worker;
  worker.task = null;
  worker.thread.unref?.();
  if (closed) worker.files.delete(task.file.number);
  if (made) task.resolve(made);
  else task.reject(new SirenError(fault, message));
  feed();
}

// ---- Files ----

/** Opens the bytes of a .siren file. */
export async function open(bytes, { limits = {}, signal } = {}) {
  const copy = bytes instanceof ArrayBuffer ? new Uint8Array(bytes.slice(0)) : Uint8Array.from(bytes);
  const numbered = Object.entries(limits).map(([name, most]) => {
    if (!QUANTITIES.includes(name)) throw request(`there is no limit "${name}"; there are ${QUANTITIES.join(", ")}`);
    return [QUANTITIES.indexOf(name), most];
  });
  const file = { number: ++numbers, bytes: copy, limits: numbered };
  const facts = await job(file, signal, (run) => run());
  return new Siren(file, JSON.parse(new TextDecoder().decode(facts)));
}

/** An open file. Beside its methods it has the facts about the file, as decode.d.ts lists them. */
export class Siren {
  #file;

  constructor(file, facts) {
    this.#file = file;
    Object.assign(this, facts);
  }

  /** Forgets the file. */
  close() {
    for (const worker of workers) {
      if (worker.files.delete(this.#file.number)) worker.thread.postMessage({ close: this.#file.number });
    }
  }

  /** Renders a picture, or the frame of a video at `time` seconds. */
  async render({ width, height, region, derivative, time = 0, points = false, signal, onrows } = {}) {
    [width, height] = this.#size(width, height);
    const part = { x: 0, y: 0, width, height, ...region };
    const shown = derivative ? DERIVATIVES.indexOf(derivative) + 1 : 0;
    if (derivative && !shown) throw request(`derivative must be one of ${DERIVATIVES.join(", ")}`);
    const sides = [width, height, part.x, part.y, part.width, part.height];
    const whole = (side) => Number.isInteger(side) && side >= 0 && side < 2 ** 32;
    if (!sides.every(whole)) throw request(`sizes and regions are whole pixels, not ${sides.join(", ")}`);
    const view = ["view", ...sides, shown, Number(points), time];
    // Smaller pixels than the stored ones are evaluated once, larger ones once for each that they cover.
    const covered = points ? 1 : Math.max(this.width / width, 1) * Math.max(this.height / height, 1);
    const each = this.operationsPerPoint * covered * (derivative ? 4 : 1);
    const rows = Math.max(1, Math.floor(PIECE / (each * part.width)));
    return job(this.#file, signal, async (run) => {
      // What costs too much as a whole is refused before there is memory for it.
      await run(view);
      const data = new Uint8ClampedArray(4 * part.width * part.height);
      const image = globalThis.ImageData
        ? new ImageData(data, part.width, part.height)
        : { data, width: part.width, height: part.height };
      await all(part.height, rows, async (first) => {
        const count = Math.min(rows, part.height - first);
        data.set(new Uint8Array(await run(view, ["rows", first, count])), 4 * part.width * first);
        onrows?.(image, first, count);
      });
      return image;
    });
  }

  // The size that is asked for; a side that is not given follows from the other.
  #size(width, height) {
    if (width === undefined && height === undefined) return [this.width, this.height];
    const side = (other, ratio) => Math.max(1, Math.round(other * ratio));
    return [width ?? side(height, this.width / this.height), height ?? side(width, this.height / this.width)];
  }

  /** The numbers that a picture or a video is evaluated from, for whoever evaluates it otherwise. */
  async numbers({ signal } = {}) {
    return new Float32Array(await job(this.#file, signal, (run) => run(["numbers"])));
  }

  /** Evaluates a sound, or a part of it, at `rate` frames a second: an array of samples for each channel. */
  async samples({ rate = this.rate, from = 0, to = this.seconds, signal } = {}) {
    // As the library counts them: those whose times lie in the part, which has its end outside.
    const bound = (seconds) => Math.max(0, Math.ceil(seconds * rate - 1e-6));
    const [first, end] = [bound(from), bound(to)];
    return job(this.#file, signal, async (run) => {
      const evaluate = (a, b) => run(["samples", rate, a, b]);
      // Where nothing can be cut into pieces, the decoder says what is wrong.
      if (this.kind !== "sound" || !(end > first)) await evaluate(from, to);
      const channels = Array.from({ length: this.channels }, () => new Float32Array(end - first));
      await all(end - first, FRAMES, async (start) => {
        const [a, b] = [first + start, Math.min(first + start + FRAMES, end)];
        const made = new Float32Array(await evaluate(a / rate, b === end ? to : b / rate));
        const count = made.length / channels.length;
        channels.forEach((samples, c) => samples.set(made.subarray(c * count, (c + 1) * count), start));
      });
      return channels;
    });
  }

  /** A sound as an AudioBuffer of `context`. */
  async audio(context, { rate = this.rate, ...options } = {}) {
    const channels = await this.samples({ rate, ...options });
    const buffer = context.createBuffer(channels.length, channels[0].length, rate);
    channels.forEach((samples, c) => buffer.copyToChannel(samples, c));
    return buffer;
  }

  /** The surface of a shape as triangles, on `resolution` cells along each side of its cube. */
  async mesh({ resolution = 128, signal } = {}) {
    const made = await job(this.#file, signal, (run) => run(["mesh", resolution]));
    const [vertices, triangles] = new Uint32Array(made, 0, 2);
    let at = 8;
    const take = (Numbers, count) => {
      const taken = new Numbers(made, at, count);
      at += 4 * count;
      return taken;
    };
    return {
      origin: take(Float32Array, 3),
      positions: take(Float32Array, 3 * vertices),
      normals: take(Float32Array, 3 * vertices),
      indices: take(Uint32Array, 3 * triangles),
    };
  }
}
