// The page: files that came with it or are dropped on it, the controls, and what is shown of the file that is open.

import { INTERACTIVE, open } from "../lib/decode.js";
import { bytesOf } from "./embedded.js";
import { PictureView } from "./picture.js";
import { ShapeView } from "./shape.js";
import { SoundView } from "./sound.js";

const byId = (id) => document.getElementById(id);
const stage = byId("stage");
const STEP = 40; // pixels of the screen that an arrow key moves by

const files = [...document.querySelectorAll("script.file")].map((element) => ({
  name: element.dataset.name,
  read: async () => bytesOf(element.textContent),
}));
let siren = null; // the open file
let view = null; // what shows it
let chosen = 0; // how often a file has been chosen, so that a slow one is not shown after a later one
let playing = null; // the time of the last frame of a video that plays
let canvas = byId("canvas");

// ---- Files ----

async function choose(index) {
  const mine = ++chosen;
  clear();
  try {
    const bytes = await files[index].read();
    const opened = await open(bytes, { limits: INTERACTIVE });
    if (mine !== chosen) return opened.close();
    siren = opened;
    byId("files").value = index;
    show(files[index].name);
  } catch (error) {
    if (mine === chosen) complain(`${files[index].name}: ${error.message}`);
  }
}

async function add(list) {
  const first = files.length;
  for (const file of list) files.push({ name: file.name, read: async () => new Uint8Array(await file.arrayBuffer()) });
  offer();
  if (files.length > first) await choose(first);
}

function offer() {
  byId("files").replaceChildren(...files.map(({ name }, i) => new Option(name, i)));
  byId("choice").hidden = files.length < 2;
}

function complain(message) {
  byId("error").textContent = message;
  byId("error").hidden = false;
}

// ---- What is open ----

function clear() {
  pause();
  view?.stop();
  siren?.close();
  view = siren = null;
  // A canvas keeps the kind of its context for good.
  const fresh = canvas.cloneNode();
  canvas.replaceWith(fresh);
  canvas = fresh;
  listenToCanvas();
  fitCanvas();
  byId("error").hidden = byId("divider").hidden = byId("about").hidden = true;
  byId("status").textContent = byId("hint").textContent = "";
  for (const control of byId("controls").children) control.hidden = true;
}

const HINTS = {
  picture: "Drag to move; turn the wheel, pinch, or press + and \u2212 to zoom, 0 to fit. The network is evaluated at every pixel of the screen; beside it are the stored pixels, enlarged by bicubic interpolation.",
  video: "Drag to move; turn the wheel, pinch, or press + and \u2212 to zoom, space to play. Between stored frames the network is evaluated: nothing is blended.",
  sound: "Press space to play. Click into the wave to go there.",
  shape: "Drag, or use the arrow keys, to turn; turn the wheel, pinch, or press + and \u2212 to zoom.",
};

function show(name) {
  const { kind } = siren;
  document.title = `${name} - sirenc view`;
  byId("invitation").hidden = true;
  for (const control of byId("controls").children) control.hidden = !control.classList.contains(`for-${kind}`);
  byId("hint").textContent = HINTS[kind];
  stage.classList.toggle("alpha", Boolean(siren.width) && siren.channels % 2 === 0);
  canvas.setAttribute("aria-label", `${name}, a ${kind}`);
  byId("shown").value = "";
  byId("time").value = 0;
  byId("time").max = siren.seconds ?? 1;
  byId("about").hidden = false;
  byId("facts").replaceChildren(...facts(name).flatMap(([term, fact]) => [element("dt", term), element("dd", fact)]));
  const Views = { picture: PictureView, video: PictureView, sound: SoundView, shape: ShapeView };
  view = new Views[kind](siren, canvas, tell);
  if (kind === "shape") {
    view.mesh(Number(byId("cells").value));
    view.show({ turning: byId("turn").checked });
  } else if (siren.width) {
    view.show({ compare: byId("compare").checked });
  }
  tick();
}

function tell({ zoom, split, divided, busy, status, error }) {
  if (error) complain(error.message);
  if (busy !== undefined) {
    stage.setAttribute("aria-busy", busy);
    byId("status").textContent = busy ? "Evaluating ..." : status ?? "";
  }
  if (zoom === undefined) return;
  byId("zoom").value = zoom >= 1 ? `${+zoom.toFixed(2)}:1` : `1:${+(1 / zoom).toFixed(2)}`;
  const divider = byId("divider");
  divider.hidden = !divided;
  divider.style.left = `${100 * split}%`;
  divider.setAttribute("aria-valuenow", Math.round(100 * split));
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

function facts(name) {
  const number = (value) => value.toLocaleString("en");
  const { kind, width, height, channels, depth, bytes, hidden, grids, networks } = siren;
  const colours = ["gray", "gray and alpha", "RGB", "RGBA"][channels - 1];
  const sizes = {
    picture: () => `${width} x ${height} pixels, ${colours}, ${depth} bits a sample`,
    video: () => `${siren.frames} frames of ${width} x ${height} pixels, ${+siren.rate.toFixed(3)} a second, ${colours}`,
    sound: () => `${siren.seconds.toFixed(2)} s at ${siren.rate} Hz, ${channels === 1 ? "mono" : "stereo"}`,
    shape: () => `signed distance in a cube of side ${+(2 * siren.scale).toPrecision(4)}`,
  };
  const layers = hidden.every((layer) => layer === hidden[0]) ? `${hidden.length} x ${hidden[0]}` : hidden.join(", ");
  const points = { picture: width * height, video: width * height * siren.frames, sound: siren.frames }[kind];
  const bits = points ? `, ${((8 * bytes) / points).toPrecision(3)} bits a ${kind === "sound" ? "frame" : "pixel"}` : "";
  return [
    ["file", name],
    [kind, sizes[kind]()],
    ["size", `${number(bytes)} bytes${bits}`],
    ["network", `${networks > 1 ? `${networks} of ` : ""}${layers} sines${grids ? ` on ${grids} grids` : ""}, ${number(siren.parameters)} weights as ${siren.coding}`],
    ["decoding", `${number(siren.multiplicationsPerPoint)} multiplications a point`],
    ["parts", siren.parts.map(({ part, bytes }) => `${part} ${number(bytes)}`).join(", ")],
  ];
}

// ---- Time ----

function play() {
  const speed = Number(byId("speed").value);
  if (siren.kind === "sound") {
    view.time = Number(byId("time").value);
    if (!view.play(speed, pause)) return;
  }
  if (siren.kind === "video") view.show({ playing: true });
  playing = performance.now();
  byId("play").textContent = "Pause";
  requestAnimationFrame(advance);
}

function pause() {
  playing = null;
  byId("play").textContent = "Play";
  if (siren?.kind === "sound") {
    view.pause();
    go(view.time);
  }
  if (siren?.kind === "video") view.show({ playing: false });
}

function advance(at) {
  if (playing === null || !siren) return;
  if (siren.kind === "sound") {
    byId("time").value = view.now;
    view.resize();
  } else {
    const passed = (Math.max(at - playing, 0) / 1000) * Number(byId("speed").value);
    playing = at;
    go((Number(byId("time").value) + passed) % siren.seconds);
  }
  tick();
  requestAnimationFrame(advance);
}

function go(time) {
  byId("time").value = time;
  if (siren.kind === "video") view.show({ time: Math.min(time, siren.seconds * (1 - 1e-9)) });
  else {
    view.time = time;
    view.resize();
  }
  tick();
}

function tick() {
  if (siren?.seconds) byId("clock").value = `${Number(byId("time").value).toFixed(2)} of ${siren.seconds.toFixed(2)} s`;
}

// ---- Hands ----

function fitCanvas() {
  const box = stage.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  const size = { width: Math.max(Math.round(box.width * scale), 1), height: Math.max(Math.round(box.height * scale), 1) };
  if (size.width !== canvas.width || size.height !== canvas.height) Object.assign(canvas, size);
}

const onCanvas = (event) => {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
};

const zooms = { in: () => 2 * view.zoom, out: () => view.zoom / 2, one: () => 1, eight: () => 8, sixtyfour: () => 64 };
const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

function listenToCanvas() {
  canvas.addEventListener("wheel", (event) => {
    if (!view?.zoomTo) return;
    event.preventDefault();
    // A notch of a wheel may come as lines or as more pixels than that.
    const turned = Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode ? 30 : 1)));
    view.zoomTo(view.zoom * 2 ** (-turned / 240), ...onCanvas(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (!view || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const zoom = { "+": zooms.in, "=": zooms.in, "-": zooms.out, 1: zooms.one }[key];
    if (key === " " && siren.seconds) playing === null ? play() : pause();
    else if (zoom && view.zoomTo) view.zoomTo(zoom());
    else if (key === "0" && view.fit) view.fit();
    else if (moves[key] && view.move) view.move(...moves[key]);
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("click", (event) => {
    if (siren?.kind !== "sound") return;
    const playedOn = playing !== null;
    pause();
    go((onCanvas(event)[0] / canvas.width) * siren.seconds);
    if (playedOn) play();
  });
  listenToFingers();
}

// One pointer moves what is shown; two zoom it as well.
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
    if (!fingers.has(event.pointerId) || !view?.move) return;
    const before = grip();
    fingers.set(event.pointerId, onCanvas(event));
    const after = grip();
    view.move(before.middle[0] - after.middle[0], before.middle[1] - after.middle[1]);
    if (before.spread && after.spread) view.zoomTo((view.zoom * after.spread) / before.spread, ...after.middle);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
}

function listenToControls() {
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  for (const [id, zoom] of Object.entries(zooms)) byId(id).addEventListener("click", () => view.zoomTo(zoom()));
  byId("fit").addEventListener("click", () => view.fit());
  byId("shown").addEventListener("input", ({ target }) => view.show({ shown: target.value }));
  byId("compare").addEventListener("input", ({ target }) => view.show({ compare: target.checked }));
  byId("play").addEventListener("click", () => (playing === null ? play() : pause()));
  byId("time").addEventListener("input", ({ target }) => {
    const playedOn = playing !== null && siren.kind === "sound";
    if (playedOn) pause();
    go(Number(target.value));
    if (playedOn) play();
  });
  byId("speed").addEventListener("input", () => {
    if (playing === null || siren.kind !== "sound") return;
    pause();
    play();
  });
  byId("cells").addEventListener("input", ({ target }) => view.mesh(Number(target.value)));
  byId("turn").addEventListener("input", ({ target }) => view.show({ turning: target.checked }));
  byId("files").addEventListener("input", ({ target }) => choose(Number(target.value)));
  byId("open").addEventListener("input", ({ target }) => add(target.files));
}

function listenToDivider() {
  const divider = byId("divider");
  const split = (value) => view.show({ split: Math.min(Math.max(value, 0), 1) });
  const at = () => Number(divider.getAttribute("aria-valuenow")) / 100;
  divider.addEventListener("keydown", ({ key }) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 }[key];
    if (step) split(at() + step);
  });
  divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
  divider.addEventListener("pointermove", (event) => {
    if (divider.hasPointerCapture(event.pointerId)) split(onCanvas(event)[0] / canvas.width);
  });
}

function listenToDrops() {
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      stage.classList.toggle("over", name === "dragover");
      if (name === "drop") add(event.dataTransfer.files);
    });
  }
}

listenToControls();
listenToDivider();
listenToDrops();
new ResizeObserver(() => {
  fitCanvas();
  view?.resize();
}).observe(stage);
offer();
clear();
if (files.length) choose(0);
