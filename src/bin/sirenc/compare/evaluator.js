"use strict";
// A network, evaluated in tiles by workers. Tiles lie on a fixed grid of each magnification, so that what
// has been evaluated stays of use when the view moves.

const TILE = 128;
const MOST_TILES = 768; // of 64 KiB

class Evaluator {
  // `size` is [width, height] of the stored picture; `changed` is called when there is more to show.
  constructor(network, size, changed) {
    this.network = { ...network, parameters: floats(network.parameters) };
    this.size = size;
    this.changed = changed;
    this.tiles = new Map(); // by key, the least recently used first
    this.wanted = [];
    this.busy = new Set();
    this.idle = [];
    this.workers = [];
    this.name = "";
    this.url = URL.createObjectURL(new Blob([document.getElementById("worker").textContent]));
    this.start(true);
  }

  start(device) {
    const worker = new Worker(this.url);
    this.workers.push(worker);
    worker.onmessage = ({ data }) => {
      if (data.ready) {
        // One worker keeps a graphics processor busy; without one, every core helps.
        const cores = Math.min(navigator.hardwareConcurrency || 2, 8);
        const helpers = device && data.ready === "JavaScript" ? cores - 1 : 0;
        for (let i = 0; i < helpers; i++) this.start(false);
        this.name = data.ready;
      } else {
        this.keep(data.key, data.pixels);
      }
      this.idle.push(worker);
      this.feed();
      this.changed();
    };
    worker.postMessage({ network: this.network, device });
  }

  stop() {
    for (const worker of this.workers) worker.terminate();
    URL.revokeObjectURL(this.url);
  }

  // The tiles of the picture at `zoom` pixels per stored pixel that meet the box [left, top, right,
  // bottom) of it. Asks for those not there yet, the middle first, and for
  // no others.
  view(zoom, box) {
    const [left, top, right, bottom] = box.map((edge) => Math.floor(edge / TILE));
    const tiles = [];
    for (let row = top; row * TILE < box[3] && row <= bottom; row++) {
      for (let column = left; column * TILE < box[2] && column <= right; column++) {
        const key = `${zoom} ${column} ${row}`;
        tiles.push({ key, zoom, x: column * TILE, y: row * TILE, canvas: this.use(key) });
      }
    }
    const middle = [(box[0] + box[2] - TILE) / 2, (box[1] + box[3] - TILE) / 2];
    const off = ({ x, y }) => Math.hypot(x - middle[0], y - middle[1]);
    this.wanted = tiles.filter(({ key, canvas }) => !canvas && !this.busy.has(key)).sort((a, b) => off(a) - off(b));
    this.feed();
    return tiles;
  }

  // Gives up what was asked for and not begun.
  forget() {
    this.wanted = [];
  }

  feed() {
    while (this.idle.length && this.wanted.length) {
      const { key, zoom, x, y } = this.wanted.shift();
      const [width, height] = this.size;
      // The stored grid's centre is 0, its longer side spans -1 to 1.
      const pitch = 2 / (Math.max(width, height) * zoom);
      const at = (pixel, side) => pitch * (pixel - (side * zoom) / 2);
      this.busy.add(key);
      this.idle.pop().postMessage({ key, x: at(x, width), y: at(y, height), pitch, width: TILE, height: TILE });
    }
  }

  use(key) {
    const canvas = this.tiles.get(key);
    if (canvas) {
      this.tiles.delete(key);
      this.tiles.set(key, canvas);
    }
    return canvas;
  }

  keep(key, pixels) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = TILE;
    canvas.getContext("2d").putImageData(new ImageData(pixels, TILE, TILE), 0, 0);
    this.busy.delete(key);
    this.tiles.set(key, canvas);
    if (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
  }
}

// Little-endian floats out of base64.
function floats(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
