// A file, evaluated in tiles by the decoder. Tiles lie on a fixed grid of each magnification, so that what has been
// evaluated stays of use when the view moves.

import { INTERACTIVE, open } from "../../../../web/lib/decode.js";

export const TILE = 128;
const MOST_TILES = 768; // of 64 KiB

export class Evaluator {
  // `changed` is called when there is more to show.
  constructor(bytes, changed) {
    this.changed = changed;
    this.tiles = new Map(); // by key, the least recently used first
    this.asked = new Map(); // what gives up the tiles that are not there yet, by key
    this.wanted = new Set(); // keys of the tiles that have been viewed since they were last settled
    this.failed = false; // a file that this decoder cannot read has only its pixels to show
    this.opened = open(bytes, { limits: INTERACTIVE }).then(
      (siren) => (this.siren = siren),
      () => (this.failed = true),
    );
    this.opened.then(changed);
  }

  stop() {
    this.wanted.clear();
    this.settle();
    this.opened.then(() => this.siren?.close());
  }

  // The tiles of the picture at `zoom` pixels per stored pixel that meet the box [left, top, right, bottom) of it. Asks
  // for those not there yet, the middle first.
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
    const missing = tiles.filter(({ canvas }) => !canvas).sort((a, b) => off(a) - off(b));
    for (const tile of missing) {
      this.wanted.add(tile.key);
      if (this.siren && !this.asked.has(tile.key)) this.ask(tile);
    }
    return tiles;
  }

  // Gives up what was asked for and has not been viewed again.
  settle() {
    for (const [key, given] of this.asked) {
      if (this.wanted.has(key)) continue;
      this.asked.delete(key);
      given.abort();
    }
    this.wanted.clear();
  }

  async ask({ key, zoom, x, y }) {
    const given = new AbortController();
    this.asked.set(key, given);
    const [width, height] = [this.siren.width, this.siren.height].map((side) => Math.round(side * zoom));
    const region = { x, y, width: Math.min(TILE, width - x), height: Math.min(TILE, height - y) };
    // What is left out here is less than a pixel at the edge, which rounding has taken away.
    if (region.width < 1 || region.height < 1) return this.keep(key, document.createElement("canvas"));
    try {
      const image = await this.siren.render({ width, height, region, signal: given.signal });
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = TILE;
      canvas.getContext("2d").putImageData(image, 0, 0);
      this.keep(key, canvas);
    } catch (error) {
      if (!given.signal.aborted) console.error(error);
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

  keep(key, canvas) {
    this.asked.delete(key);
    this.tiles.set(key, canvas);
    if (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
    this.changed();
  }
}
