// <siren-image src="photo.siren" alt="..." placeholder="data:..." width="768" height="512">: an image that is evaluated at
// the resolution at which it is seen.
//
// It is laid out as <img> is: `width` and `height` reserve its place before the file is there, CSS may say otherwise, and
// `object-fit` applies. It fires `load` and `error`. README.md says what else it does.

import { open } from "./decode.js";
import { decodePlaceholder } from "./placeholder.js";

const STYLE = `
  :host { display: inline-grid; overflow: hidden; }
  :host([hidden]) { display: none; }
  img, canvas { grid-area: 1 / 1; width: 100%; height: 100%; min-width: 0; min-height: 0; display: block; object-fit: inherit; }
  [hidden] { display: none; }
`;
const PAUSE = 100; // milliseconds that a size must last before the picture is drawn for it
const TURN = 8; // milliseconds that placeholders are decoded without a pause
const PLACEHOLDER = "data:image/x-siren-placeholder;base64,";

export class SirenImage extends HTMLElement {
  static observedAttributes = ["src", "alt", "placeholder", "width", "height"];

  #internals = this.attachInternals();
  #size = document.createElement("style");
  #placeholder = Object.assign(new Image(), { hidden: true, alt: "" });
  #canvas = Object.assign(document.createElement("canvas"), { hidden: true });
  #siren = null;
  #loading = null; // gives up the file that is being fetched
  #drawing = null; // gives up the rendering
  #timer = 0;
  #box = [0, 0]; // of the element, in pixels of the screen
  #seen = false;
  #resizes = new ResizeObserver(([entry]) => this.#resize(entry));
  #sights = new IntersectionObserver(([entry]) => this.#see(entry.isIntersecting), { rootMargin: "50%" });

  constructor() {
    super();
    const style = Object.assign(document.createElement("style"), { textContent: STYLE });
    this.attachShadow({ mode: "open" }).append(style, this.#size, this.#placeholder, this.#canvas);
  }

  /** The file's address. */
  get src() { return this.getAttribute("src") ?? ""; }
  set src(value) { this.setAttribute("src", value); }
  /** What is read in place of the picture; "" where it only decorates. */
  get alt() { return this.getAttribute("alt") ?? ""; }
  set alt(value) { this.setAttribute("alt", value); }
  /** The address of an image that is shown until the picture is there. */
  get placeholder() { return this.getAttribute("placeholder") ?? ""; }
  set placeholder(value) { this.setAttribute("placeholder", value); }
  /** Whether all of the picture is shown. */
  get complete() { return !this.#canvas.hidden; }
  /** Width and height of the stored picture, 0 until the file is there. */
  get naturalWidth() { return this.#siren?.width ?? 0; }
  get naturalHeight() { return this.#siren?.height ?? 0; }

  connectedCallback() {
    this.#resizes.observe(this);
    this.#sights.observe(this);
    this.#describe();
  }

  disconnectedCallback() {
    this.#resizes.disconnect();
    this.#sights.disconnect();
    this.#seen = false;
    this.#forget();
  }

  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    if (name === "alt") this.#describe();
    else if (name === "placeholder") this.#hold();
    else if (name === "src") this.#change();
    else this.#layOut();
  }

  #describe() {
    this.#internals.role = this.getAttribute("alt") === "" ? "presentation" : "img";
    this.#internals.ariaLabel = this.alt || null;
  }

  #hold() {
    const { placeholder } = this;
    this.#placeholder.hidden = !placeholder || !this.#canvas.hidden;
    if (!placeholder.startsWith(PLACEHOLDER)) {
      this.#placeholder.src = placeholder;
      return;
    }
    inTurn(() => {
      if (this.placeholder !== placeholder || !this.#canvas.hidden) return;
      try {
        this.#placeholder.src = decodePlaceholder(placeholder.slice(PLACEHOLDER.length)).dataURL();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  // Another file: what is shown makes room for its placeholder.
  #change() {
    this.#forget();
    this.#canvas.hidden = true;
    this.#hold();
    this.#layOut();
    if (this.#seen) this.#load();
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#loading?.abort();
    this.#drawing?.abort();
    this.#siren?.close();
    this.#loading = this.#drawing = this.#siren = null;
  }

  // The attributes' size, or else the file's, unless the page says otherwise.
  #layOut() {
    const given = (name) => Number.parseInt(this.getAttribute(name), 10) || undefined;
    const [width, height] = [given("width"), given("height")];
    const [wide, high] = [width ?? this.naturalWidth, height ?? this.naturalHeight];
    const sides = [width ?? (height ? undefined : this.naturalWidth), height];
    const rules = ["width", "height"].map((name, i) => (sides[i] ? `${name}: ${sides[i]}px;` : ""));
    if (wide && high) rules.push(`aspect-ratio: ${wide} / ${high};`);
    this.#size.textContent = `:host { ${rules.join(" ")} }`;
  }

  #see(seen) {
    this.#seen = seen;
    if (!seen) return;
    if (this.#siren) this.#draw();
    else this.#load();
  }

  #resize({ devicePixelContentBoxSize: device, contentRect: box }) {
    const sides = device
      ? [device[0].inlineSize, device[0].blockSize]
      : [box.width, box.height].map((side) => side * devicePixelRatio);
    this.#box = sides.map((side) => Math.max(1, Math.round(side)));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#draw(), PAUSE);
  }

  async #load() {
    if (!this.src || this.#loading || (this.placeholder && reducesData())) return;
    const { signal } = (this.#loading = new AbortController());
    try {
      const response = await fetch(this.src, { signal });
      if (!response.ok) throw new Error(`${this.src} could not be fetched: ${response.status} ${response.statusText}`);
      const siren = await open(new Uint8Array(await response.arrayBuffer()), { signal });
      if (signal.aborted) return siren.close();
      if (!siren.width) throw new Error(`${this.src} holds a ${siren.kind}, of which there is no picture`);
      this.#siren = siren;
      this.#layOut();
      const { width, height } = this.getBoundingClientRect();
      this.#box = [width, height].map((side) => Math.max(1, Math.round(side * devicePixelRatio)));
      await this.#draw();
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  // The size at which the picture is seen in a box of this many pixels of the screen.
  #fit([wide, high]) {
    const { width, height } = this.#siren;
    const fit = getComputedStyle(this).objectFit;
    if (fit === "fill") return [wide, high];
    const scale = Math[fit === "cover" ? "max" : "min"](wide / width, high / height);
    return [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  }

  // Renders where what is shown has too few pixels. What there is stays until the new rendering is complete.
  async #draw() {
    if (!this.#siren || !this.#seen) return;
    const [width, height] = this.#fit(this.#box);
    const canvas = this.#canvas;
    if (!canvas.hidden && canvas.width >= width && canvas.height >= height) return;
    this.#drawing?.abort();
    const { signal } = (this.#drawing = new AbortController());
    try {
      const image = await this.#siren.render({ width, height, signal });
      Object.assign(canvas, { width, height });
      canvas.getContext("2d").putImageData(image, 0, 0);
      const first = canvas.hidden;
      canvas.hidden = false;
      this.#placeholder.hidden = true;
      if (first) this.dispatchEvent(new Event("load"));
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #fail(error) {
    this.dispatchEvent(new ErrorEvent("error", { error, message: error.message }));
  }
}

const turns = []; // work that waits for its turn

// Does work in turns of a few milliseconds, so that a page with hundreds of placeholders goes on answering.
function inTurn(work) {
  if (turns.push(work) === 1) setTimeout(turn);
}

function turn() {
  const start = performance.now();
  do turns[0](), turns.shift();
  while (turns.length && performance.now() - start < TURN);
  if (turns.length) setTimeout(turn);
}

const reducesData = () =>
  matchMedia("(prefers-reduced-data: reduce)").matches || Boolean(navigator.connection?.saveData);

if (!customElements.get("siren-image")) customElements.define("siren-image", SirenImage);
