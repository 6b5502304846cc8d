// Shows pictures and frames of videos: pans and zooms, with the bicubic enlargement of the stored pixels beside the
// network. While the view moves, what there is is drawn at its new place, and frames of fewer pixels are rendered as fast
// as they come; when it rests, the visible region is rendered at every pixel of the screen.

import { bicubic } from "./bicubic.js";
import { accelerated } from "./gpu.js";

const MOST_ZOOM = 256;
const REST = 120; // milliseconds without a change after which a view rests
const MOVING = 30; // milliseconds that a frame may take while the view moves
const TURN = 8; // milliseconds that the page works without a pause
const BASE = 384; // longer side of the frame of the whole that lies under all others
const MOST_KEPT = 2 ** 20; // stored pixels of which all are kept once any are needed
const OPERATION = 3e-7; // milliseconds that an operation takes, about, until it has been measured
const MOST_MEANS = 2e10; // operations that smaller pixels may take as means of those that they cover

const now = () => performance.now();
const nextFrame = () => new Promise(requestAnimationFrame);

export class PictureView {
  #siren;
  #renderer; // of the siren
  #canvas;
  #tell;
  #context;
  #frames = {}; // base, network, pixels and cubic: { canvas, image, size, region, shown, time, complete }
  #changed = 0; // when the view last changed
  #version = 0; // how often it has
  #work = new AbortController(); // ends with the view
  #fine = null; // gives up the rendering at rest
  #busy = false;
  #painting = false;
  #rate; // milliseconds that a pixel takes
  #look = { zoom: 1, x: 0, y: 0, shown: "", time: 0, split: 0.5, compare: true, playing: false };

  // `tell` is called with what there is to say: { zoom, split, divided, busy, error }.
  constructor(siren, canvas, tell) {
    [this.#siren, this.#canvas, this.#tell] = [siren, canvas, tell];
    this.#renderer = accelerated(siren);
    this.#context = canvas.getContext("2d");
    this.#rate = OPERATION * siren.operationsPerPoint;
    this.fit();
  }

  stop() {
    this.#work.abort();
    this.#fine?.abort();
    this.#renderer.close();
  }

  // ---- The view ----

  get zoom() {
    return this.#look.zoom;
  }

  // Changes what is shown: any of shown, time, split, compare, playing.
  show(changes) {
    Object.assign(this.#look, changes);
    this.#change();
  }

  get #fitting() {
    return Math.min(this.#canvas.width / this.#siren.width, this.#canvas.height / this.#siren.height);
  }

  fit() {
    const { width, height } = this.#siren;
    Object.assign(this.#look, { zoom: this.#fitting, x: width / 2, y: height / 2 });
    this.#change();
  }

  // Changes the zoom and keeps the picture under a point of the canvas where it is.
  zoomTo(zoom, px = this.#canvas.width / 2, py = this.#canvas.height / 2) {
    const fit = this.#fitting;
    zoom = Math.min(Math.max(zoom, Math.min(fit, 1)), Math.max(fit, MOST_ZOOM));
    const [dx, dy] = [px - this.#canvas.width / 2, py - this.#canvas.height / 2];
    const { x, y, zoom: before } = this.#look;
    this.#place(x + dx / before - dx / zoom, y + dy / before - dy / zoom, zoom);
  }

  // Moves by pixels of the canvas.
  move(dx, dy) {
    const { x, y, zoom } = this.#look;
    this.#place(x + dx / zoom, y + dy / zoom, zoom);
  }

  resize() {
    const { x, y, zoom } = this.#look;
    this.#place(x, y, zoom);
  }

  // The centre stays on the picture; along a side that is seen whole, it stays in the middle.
  #place(x, y, zoom) {
    const within = (value, side, room) => {
      const half = Math.min(room / zoom / 2, side / 2);
      return room >= side * zoom ? side / 2 : Math.min(Math.max(value, half), side - half);
    };
    const { width, height } = this.#siren;
    Object.assign(this.#look, { zoom, x: within(x, width, this.#canvas.width), y: within(y, height, this.#canvas.height) });
    this.#change();
  }

  #change() {
    this.#changed = now();
    this.#version++;
    this.#fine?.abort();
    this.#paint();
    this.#refine();
  }

  // ---- Geometry ----

  // The whole picture in pixels, at `step` pixels of the canvas for each of them.
  #size(step = 1) {
    const sides = [this.#siren.width, this.#siren.height];
    return sides.map((side) => Math.max(1, Math.round((side * this.#look.zoom) / step)));
  }

  // Where the picture's corner lies on the canvas. Whole pixels, so that at rest nothing is resampled.
  #corner() {
    const { x, y } = this.#look;
    const [width, height] = this.#size();
    const { width: wide, height: high } = this.#siren;
    return [this.#canvas.width / 2 - (x * width) / wide, this.#canvas.height / 2 - (y * height) / high].map(Math.round);
  }

  // The visible region in pixels of the whole at `size`, with a margin; null where nothing is seen.
  #region(size, margin = 0) {
    const corner = this.#corner();
    const whole = this.#size();
    const room = [this.#canvas.width, this.#canvas.height];
    const [columns, rows] = size.map((side, axis) => {
      const scale = side / whole[axis];
      const from = Math.max(Math.floor(-corner[axis] * scale) - margin, 0);
      const to = Math.min(Math.ceil((room[axis] - corner[axis]) * scale) + margin, side);
      return [from, to - from];
    });
    if (columns[1] <= 0 || rows[1] <= 0) return null;
    return { x: columns[0], y: rows[0], width: columns[1], height: rows[1] };
  }

  get #divided() {
    return this.#look.compare && this.#look.zoom > 1;
  }

  // ---- Drawing ----

  #paint() {
    if (this.#painting) return;
    this.#painting = true;
    requestAnimationFrame(() => {
      this.#painting = false;
      if (!this.#work.signal.aborted) this.#draw();
    });
  }

  #draw() {
    const { width, height } = this.#canvas;
    this.#context.clearRect(0, 0, width, height);
    const split = this.#divided ? Math.round(this.#look.split * width) : width;
    this.#side(0, split, ["base", "network"]);
    this.#side(split, width, ["base", "pixels", "cubic"]);
    this.#tell({ zoom: this.#look.zoom, split: this.#look.split, divided: this.#divided });
  }

  // Draws frames one over the other between two columns of the canvas.
  #side(from, to, names) {
    if (to <= from) return;
    const context = this.#context;
    const [corner, whole] = [this.#corner(), this.#size()];
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, this.#canvas.height);
    context.clip();
    context.beginPath();
    context.rect(...corner, ...whole);
    context.clip();
    // Of something else that is to be shown the base comes first; until then there is what was shown before.
    const shown = this.#frames.base?.shown;
    for (const name of names) {
      const frame = this.#frames[name];
      if (!frame || frame.shown !== shown) continue;
      const [x, y] = [whole[0] / frame.size[0], whole[1] / frame.size[1]];
      const place = [corner[0] + frame.region.x * x, corner[1] + frame.region.y * y];
      const size = [frame.canvas.width * x, frame.canvas.height * y];
      context.clearRect(...place, ...size);
      context.drawImage(frame.canvas, ...place, ...size);
    }
    context.restore();
  }

  // ---- Rendering ----

  // Renders until the view rests and all of it is there.
  async #refine() {
    if (this.#busy) return;
    this.#busy = true;
    this.#tell({ busy: true });
    try {
      while (!this.#work.signal.aborted) {
        const rests = !this.#look.playing && now() - this.#changed >= REST;
        if (!rests) await this.#coarse();
        else if (await this.#finish()) break;
      }
    } catch (error) {
      if (!this.#work.signal.aborted) this.#tell({ error });
    } finally {
      this.#busy = false;
      if (!this.#work.signal.aborted) this.#tell({ busy: false });
    }
  }

  // Whether a frame shows the present view at `size`.
  #current(name, size, region) {
    const frame = this.#frames[name];
    const { shown, time } = this.#look;
    return Boolean(
      frame?.complete && frame.shown === shown && frame.time === time && frame.size.every((side, i) => side === size[i]) &&
      ["x", "y"].every((key) => frame.region[key] <= region[key]) &&
      frame.region.x + frame.region.width >= region.x + region.width &&
      frame.region.y + frame.region.height >= region.y + region.height,
    );
  }

  async #coarse() {
    await this.#base();
    const region = this.#region(this.#size());
    if (!region) return nextFrame();
    const most = MOVING / this.#rate;
    await this.#pixels(most);
    const step = Math.max(1, Math.ceil(Math.sqrt((region.width * region.height) / most)));
    const size = this.#size(step);
    const part = this.#region(size);
    if (!part || this.#current("network", size, part) || this.#finer(step)) return nextFrame();
    await this.#render("network", size, part, { points: true, signal: this.#work.signal });
    // So that it is seen before the next one is begun.
    await nextFrame();
  }

  // Whether a finer frame than one at `step` covers the view already.
  #finer(step) {
    const { network } = this.#frames;
    if (!network || network.size[0] * step < this.#size()[0]) return false;
    const part = this.#region(network.size);
    return Boolean(part) && this.#current("network", network.size, part);
  }

  // The frame of the whole, unless the view moves through time.
  async #base() {
    const { width, height } = this.#siren;
    const scale = Math.min(1, BASE / Math.max(width, height));
    const size = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    const region = { x: 0, y: 0, width: size[0], height: size[1] };
    if (this.#frames.base && this.#look.playing) return;
    if (this.#current("base", size, region)) return;
    await this.#render("base", size, region, { points: true, signal: this.#work.signal });
  }

  // The stored pixels under the view, where they are enlarged: at most so many.
  async #pixels(most = Infinity) {
    const { width, height } = this.#siren;
    const size = [width, height];
    const whole = { x: 0, y: 0, width, height };
    const region = this.#divided && (width * height <= MOST_KEPT ? whole : this.#region(size, 3));
    if (!region || this.#current("pixels", size, region) || region.width * region.height > most) return;
    await this.#render("pixels", size, region, { signal: this.#work.signal });
  }

  // At every pixel of the canvas. Whether all is there.
  async #finish() {
    const version = this.#version;
    const { signal } = (this.#fine = new AbortController());
    try {
      await this.#base();
      const size = this.#size();
      const region = this.#region(size);
      if (!region) return true;
      if (!this.#current("network", size, region)) {
        const covered = Math.max(1, 1 / this.#look.zoom ** 2) * region.width * region.height;
        const points = covered * this.#siren.operationsPerPoint > MOST_MEANS;
        await this.#render("network", size, region, { points, signal, rows: true });
      }
      await this.#pixels();
      if (this.#divided && !this.#current("cubic", size, region)) await this.#enlarge(size, region, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return version === this.#version;
  }

  // Renders a frame. With `rows` they are drawn as they come, over what there is.
  async #render(name, size, region, { points = false, signal, rows = false }) {
    const { shown, time } = this.#look;
    const frame = { canvas: document.createElement("canvas"), size, region, shown, time, complete: false };
    Object.assign(frame.canvas, { width: region.width, height: region.height });
    const context = frame.canvas.getContext("2d");
    if (rows) {
      this.#under(context, frame);
      this.#frames[name] = frame;
    }
    const start = now();
    const [width, height] = size;
    const onrows = (image, first, count) => {
      context.putImageData(image, 0, 0, 0, first, region.width, count);
      this.#paint();
    };
    const image = await this.#renderer.render({
      width, height, region, derivative: shown || undefined, time, points, signal, onrows: rows ? onrows : undefined,
    });
    if (points) this.#rate += 0.3 * ((now() - start) / (region.width * region.height) - this.#rate);
    if (!rows) context.putImageData(image, 0, 0);
    Object.assign(frame, { image, complete: true });
    this.#frames[name] = frame;
    this.#paint();
  }

  // What there is of the network, where a frame is going to be.
  #under(context, { size, region }) {
    for (const frame of [this.#frames.base, this.#frames.network]) {
      if (!frame || frame.shown !== this.#look.shown) continue;
      const [x, y] = [size[0] / frame.size[0], size[1] / frame.size[1]];
      const place = [frame.region.x * x - region.x, frame.region.y * y - region.y];
      context.drawImage(frame.canvas, ...place, frame.canvas.width * x, frame.canvas.height * y);
    }
  }

  // Enlarges the stored pixels, with pauses for the page.
  async #enlarge(size, region, signal) {
    const source = this.#frames.pixels;
    const zoom = [size[0] / source.size[0], size[1] / source.size[1]];
    const canvas = Object.assign(document.createElement("canvas"), { width: region.width, height: region.height });
    let start = now();
    let image;
    for ([image] of bicubic(source.image, [source.region.x, source.region.y], region, zoom)) {
      if (now() - start < TURN) continue;
      await nextFrame();
      signal.throwIfAborted();
      start = now();
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    const { shown, time } = this.#look;
    this.#frames.cubic = { canvas, size, region, shown, time, complete: true };
    this.#paint();
  }
}
