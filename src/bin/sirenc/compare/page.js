// Two sides of the chosen picture and rate, one over the other. What is shown is `state`, which the
// fragment of the address mirrors, so that a view can be linked.

import { bytesOf, embedded } from "../../../../web/viewer/embedded.js";
import { Evaluator, TILE } from "./evaluator.js";

export const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const [controls, stage, canvas, divider] = ["controls", "stage", "canvas", "divider"].map(byId);
const context = canvas.getContext("2d");
const ORIGINAL = -1; // as a side; 0 and up are the entries
const MOST_ZOOM = 16;

const state = { picture: 0, rate: 0, left: 0, right: ORIGINAL, mode: "split", enlarge: "smooth", gain: 8, split: 0.5 };
// Device pixels per stored pixel, and what lies at the centre of the stage, in stored pixels.
Object.assign(state, { zoom: 1, x: 0, y: 0 });

// ---- The chosen picture and rate ----

let shown = { images: new Map(), evaluators: new Map() };
const picture = () => data.pictures[state.picture];
const entries = () => picture().points[state.rate] || [];
const nameOf = (entry) => entry.codec + (entry.matched ? `, ${entry.matched}` : "");

// Takes on a picture and a rate: their choices, table, images and networks.
function choose() {
  for (const evaluator of shown.evaluators.values()) evaluator.stop();
  shown = { images: new Map(), evaluators: new Map() };
  const rate = ([first]) => (first ? `${first.bpp} bpp, ${first.bytes} bytes` : "no files");
  fill(controls.rate, picture().points.map(rate));
  const sides = [[ORIGINAL, "original"], ...entries().map((entry, i) => [i, nameOf(entry)])];
  for (const side of ["left", "right"]) {
    byId(side).replaceChildren(...sides.map(([value, text]) => new Option(text, value)));
    if (!(state[side] < entries().length)) state[side] = ORIGINAL;
  }
  byId("entries").tBodies[0].replaceChildren(...entries().map(row));
  stage.style.aspectRatio = `${picture().width} / ${picture().height}`;
  stage.classList.toggle("alpha", picture().alpha);
  document.title = `${picture().name} - sirenc compare`;
}

function row(entry) {
  const columns = ["codec", "matched", "setting", "bytes", "bpp", "psnr", "ms_ssim", "ssimulacra2", "encode", "decode"];
  const line = document.createElement("tr");
  line.append(...columns.map((key, i) => element(i ? "td" : "th", entry[key] || "-")));
  line.firstChild.scope = "row";
  return line;
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

function fill(select, texts) {
  select.replaceChildren(...texts.map((text, i) => new Option(text, i)));
}

// The decoded image of a side, or null until it is there.
function image(side) {
  const id = side === ORIGINAL ? picture().image : entries()[side].image;
  if (!shown.images.has(id)) {
    const { images } = shown;
    const decoded = new Image();
    images.set(id, null);
    decoded.src = `data:image/png;base64,${byId(`image-${id}`).textContent}`;
    decoded.decode().then(() => (images.set(id, decoded), draw()));
  }
  return shown.images.get(id);
}

// What evaluates the file of a side, if it is one that can be evaluated here.
function evaluator(side) {
  const file = embedded && side !== ORIGINAL && entries()[side].file;
  if (file && !shown.evaluators.has(side)) shown.evaluators.set(side, new Evaluator(bytesOf(file), draw));
  const found = shown.evaluators.get(side);
  return found?.failed ? undefined : found;
}

// ---- Drawing ----

let drawing = false;
function draw() {
  if (!drawing) requestAnimationFrame(paint);
  drawing = true;
}

// Where the stored picture's corner lies on the canvas. Whole pixels, so that at 1:1 nothing is resampled.
function corner() {
  return [Math.round(canvas.width / 2 - state.x * state.zoom), Math.round(canvas.height / 2 - state.y * state.zoom)];
}

function paint() {
  drawing = false;
  if (!data.pictures.length) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const missing = [];
  if (state.mode === "difference") {
    const [left, right] = [state.left, state.right].map((side, i) => {
      const target = scratch(i);
      missing.push(layer(target, side, 0, canvas.width));
      return target.getImageData(0, 0, canvas.width, canvas.height);
    });
    context.putImageData(difference(left, right, state.gain), 0, 0);
  } else {
    const split = Math.round(state.split * canvas.width);
    missing.push(layer(context, state.left, 0, split), layer(context, state.right, split, canvas.width));
  }
  for (const evaluator of shown.evaluators.values()) evaluator.settle();
  describe(missing.filter(Boolean));
}

const scratches = [];
function scratch(index) {
  scratches[index] ||= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  Object.assign(scratches[index].canvas, { width: canvas.width, height: canvas.height }); // clears it
  return scratches[index];
}

// Draws a side between two columns of the canvas. Of a network past 1:1 the enlarged pixels are only what
// is seen until its tiles are there; returns how far those are.
function layer(target, side, from, to) {
  const pixels = image(side);
  if (!pixels || to <= from) return null;
  const [left, top] = corner();
  const [width, height] = [picture().width * state.zoom, picture().height * state.zoom];
  const network = state.zoom > 1 && evaluator(side);
  target.save();
  target.beginPath();
  target.rect(from, 0, to - from, canvas.height);
  target.clip();
  target.imageSmoothingEnabled = Boolean(network) || state.zoom < 1 || state.enlarge === "smooth";
  target.imageSmoothingQuality = "high";
  target.drawImage(pixels, left, top, width, height);
  let progress = null;
  const [right, bottom] = [Math.min(to - left, width), Math.min(canvas.height - top, height)];
  const box = [Math.max(from - left, 0), Math.max(-top, 0), right, bottom];
  if (network && box[0] < box[2] && box[1] < box[3]) {
    target.beginPath();
    target.rect(left, top, width, height);
    target.clip();
    const tiles = network.view(state.zoom, box);
    for (const { canvas: tile, x, y } of tiles) {
      if (!tile) continue;
      target.clearRect(left + x, top + y, TILE, TILE);
      target.drawImage(tile, left + x, top + y);
    }
    const done = tiles.filter((tile) => tile.canvas).length;
    progress = { all: tiles.length, done };
  }
  target.restore();
  return progress;
}

// |a - b| * gain of colours as they look on black; transparent where both are.
function difference(a, b, gain) {
  const result = new ImageData(a.width, a.height);
  const [p, q, r] = [a.data, b.data, result.data];
  for (let i = 0; i < r.length; i += 4) {
    const [alphaP, alphaQ] = [p[i + 3] / 255, q[i + 3] / 255];
    for (let c = i; c < i + 3; c++) r[c] = Math.abs(p[c] * alphaP - q[c] * alphaQ) * gain;
    r[i + 3] = alphaP || alphaQ ? 255 : 0;
  }
  return result;
}

const ratio = () => (state.zoom >= 1 ? `${+state.zoom.toFixed(2)}:1` : `1:${+(1 / state.zoom).toFixed(2)}`);

function describe(progress) {
  const [{ all, done } = {}] = progress;
  const network = done < all ? `Evaluating the network: ${done} of ${all} tiles` : `Network evaluated at ${ratio()}`;
  const difference = state.mode === "difference" ? `|left - right| times ${state.gain}. ` : "";
  byId("status").textContent = difference + (progress.length ? network : "");
}

// ---- State, controls and address ----

function fit() {
  return Math.min(canvas.width / picture().width, canvas.height / picture().height);
}

// Small pictures start enlarged by a whole number, others at fit.
function reset() {
  const zoom = fit();
  Object.assign(state, { zoom: zoom > 1 ? Math.floor(zoom) : zoom, x: picture().width / 2, y: picture().height / 2 });
}

// Changes the zoom and keeps the picture under a point of the canvas where it is.
function zoomTo(zoom, px = canvas.width / 2, py = canvas.height / 2) {
  zoom = Math.min(Math.max(zoom, Math.min(fit(), 1)), Math.max(fit(), MOST_ZOOM));
  const [dx, dy] = [px - canvas.width / 2, py - canvas.height / 2];
  moveTo(state.x + dx / state.zoom - dx / zoom, state.y + dy / state.zoom - dy / zoom, zoom);
}

// The centre stays on the picture; along a side that is seen whole, it stays in the middle.
function moveTo(x, y, zoom = state.zoom) {
  const within = (value, side, room) => {
    const half = Math.min(room / zoom / 2, side / 2);
    return room >= side * zoom ? side / 2 : Math.min(Math.max(value, half), side - half);
  };
  state.zoom = zoom;
  state.x = within(x, picture().width, canvas.width);
  state.y = within(y, picture().height, canvas.height);
  update();
}

// Brings controls and address in line with the state.
function update() {
  for (const name of ["picture", "rate", "mode", "enlarge", "gain"]) controls[name].value = state[name];
  for (const side of ["left", "right"]) {
    byId(side).value = state[side];
    byId(side).closest("section").querySelector("dl").replaceChildren(...facts(state[side]));
  }
  const sides = ["left", "right"].map((side) => byId(side).selectedOptions[0].text);
  canvas.setAttribute("aria-label", `${picture().name}: ${sides.join(" against ")}, at ${ratio()}`);
  byId("zoom").value = ratio();
  byId("times").value = `\u00d7 ${state.gain}`;
  controls.querySelector(".gain").hidden = state.mode !== "difference";
  divider.hidden = state.mode === "difference";
  divider.style.left = `${100 * state.split}%`;
  divider.setAttribute("aria-valuenow", Math.round(100 * state.split));
  clearTimeout(update.timer); // browsers limit how often an address may change
  update.timer = setTimeout(() => history.replaceState(null, "", `#${new URLSearchParams(rounded(state))}`), 300);
  draw();
}

// What stands under a side.
function facts(side) {
  const known = side === ORIGINAL ? { size: `${picture().width} x ${picture().height}` } : entries()[side];
  const names = { size: "pixels", bytes: "bytes", bpp: "bpp", psnr: "PSNR, dB", ms_ssim: "MS-SSIM", ssimulacra2: "SSIMULACRA2" };
  const shown = Object.keys(names).filter((key) => key in known);
  return shown.map((key) => {
    const group = document.createElement("div");
    group.append(element("dt", names[key]), element("dd", known[key]));
    return group;
  });
}

function rounded(values) {
  const entries = Object.entries(values);
  return Object.fromEntries(entries.map(([key, value]) => [key, typeof value === "number" ? +value.toFixed(4) : value]));
}

// Takes from the address what makes sense.
function restore() {
  const given = new URLSearchParams(location.hash.slice(1));
  const index = (key, least, count) => {
    const value = parseInt(given.get(key), 10);
    if (value >= least && value < count) state[key] = value;
  };
  index("picture", 0, data.pictures.length);
  state.rate = 0;
  index("rate", 0, picture().points.length);
  state.left = Math.min(0, entries().length - 1);
  state.right = picture().rivals[state.rate] ?? ORIGINAL;
  for (const side of ["left", "right"]) index(side, ORIGINAL, entries().length);
  index("gain", 1, 33);
  for (const select of [controls.mode, controls.enlarge]) {
    const value = given.get(select.name);
    if ([...select.options].some((option) => option.value === value)) state[select.name] = value;
  }
  const number = (key, otherwise) => (given.has(key) && isFinite(given.get(key)) ? Number(given.get(key)) : otherwise);
  state.split = Math.min(Math.max(number("split", 0.5), 0), 1);
  choose();
  resize();
  reset();
  const zoom = number("zoom", state.zoom);
  const [x, y] = [number("x", state.x), number("y", state.y)];
  zoomTo(zoom);
  moveTo(x, y);
}

function resize() {
  const box = stage.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  const size = { width: Math.max(Math.round(box.width * scale), 1), height: Math.max(Math.round(box.height * scale), 1) };
  if (size.width !== canvas.width || size.height !== canvas.height) Object.assign(canvas, size);
}

function changeSplit(split) {
  state.split = Math.min(Math.max(split, 0), 1);
  update();
}

// ---- Hands ----

const onCanvas = (event) => {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
};

function listen() {
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", ({ target }) => {
    state[target.name] = ["mode", "enlarge"].includes(target.name) ? target.value : Number(target.value);
    if (target.name === "picture") state.rate = Math.max(0, Math.min(state.rate, picture().points.length - 1));
    if (["picture", "rate"].includes(target.name)) choose();
    if (target.name === "picture") {
      resize();
      reset();
    }
    update();
  });
  for (const side of ["left", "right"]) {
    byId(side).addEventListener("input", ({ target }) => {
      state[side] = Number(target.value);
      update();
    });
  }
  const zooms = { in: () => 2 * state.zoom, out: () => state.zoom / 2, fit, one: () => 1, eight: () => 8 };
  for (const [id, zoom] of Object.entries(zooms)) byId(id).addEventListener("click", () => zoomTo(zoom()));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    // A notch of a wheel may come as lines or as more pixels than that.
    const turned = Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode ? 30 : 1)));
    zoomTo(state.zoom * 2 ** (-turned / 240), ...onCanvas(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = 40 / state.zoom;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const to = { "+": zooms.in, "=": zooms.in, "-": zooms.out, 0: zooms.fit, 1: zooms.one }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(to || moves[event.key])) return;
    event.preventDefault();
    if (to) zoomTo(to());
    else moveTo(state.x + moves[event.key][0], state.y + moves[event.key][1]);
  });
  divider.addEventListener("keydown", ({ key }) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 }[key];
    if (step) changeSplit(state.split + step);
  });
  divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
  divider.addEventListener("pointermove", (event) => {
    if (divider.hasPointerCapture(event.pointerId)) changeSplit(onCanvas(event)[0] / canvas.width);
  });
  listenToFingers();
  addEventListener("hashchange", restore);
  // A picture of the overview is shown further down.
  document.getElementById("overview")?.addEventListener("click", ({ target }) => {
    if (target.closest("a")) controls.scrollIntoView();
  });
  new ResizeObserver(() => (resize(), moveTo(state.x, state.y))).observe(stage);
}

// One pointer moves the picture; two zoom it as well.
function listenToFingers() {
  const fingers = new Map();
  const grip = () => {
    const points = [...fingers.values()];
    const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    const [a, b] = points;
    return { middle, spread: points.length === 2 ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0 };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, onCanvas(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = grip();
    fingers.set(event.pointerId, onCanvas(event));
    const after = grip();
    const [dx, dy] = [0, 1].map((axis) => (before.middle[axis] - after.middle[axis]) / state.zoom);
    moveTo(state.x + dx, state.y + dy);
    if (before.spread && after.spread) zoomTo((state.zoom * after.spread) / before.spread, ...after.middle);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
}

if (data.pictures.length) {
  fill(controls.picture, data.pictures.map(({ name }) => name));
  listen();
  restore();
} else {
  byId("status").textContent = "There is nothing to compare.";
}
