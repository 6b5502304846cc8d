// What decoding takes in Node and in Chromium beside the command, and how smoothly the viewer zooms.
//
// usage: node benches/web.mjs KODAK.siren LARGE.siren
//
// Prints tables in Markdown. Times are seconds of processors, user and system together, of all threads and processes that
// take part, so that they mean the same on a busy machine; the least of three. Needs `web/build`, a release build with it,
// and what `web/check` installs.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { configure, INTERACTIVE, open } from "../web/lib/decode.js";
import { command, launch, prepare, rest, root, serve } from "../web/test/browser.js";

const [kodak, large] = process.argv.slice(2).map((path) => resolve(path));
const VIEW = { width: 1000, height: 750 };

// What is rendered: a file, and how.
function views(picture, huge) {
  const at = (siren, scale) => ({ width: siren.width * scale, height: siren.height * scale });
  const middle = { x: (huge.width - VIEW.width) >> 1, y: (huge.height - VIEW.height) >> 1, ...VIEW };
  return [
    ["Kodak picture at 1x", kodak, at(picture, 1)],
    ["Kodak picture at 4x", kodak, at(picture, 4)],
    ["12 megapixels, the visible 1000 x 750 at 1:1", large, { ...at(huge, 1), region: middle }],
    ["12 megapixels, all of them on 1000 x 750, pixels' centres", large, { ...VIEW, points: true }],
  ];
}

// The least CPU time of three runs.
async function least(run, clock) {
  const times = [];
  for (let i = 0; i < 3; i++) {
    const before = await clock();
    await run();
    times.push((await clock()) - before);
  }
  return Math.min(...times).toFixed(2);
}

// The command, as the shell's `time` has it, start and a file of plain pixels included.
function native(file, { width, height, region, points }) {
  if (points) return "-";
  const part = region ? ["--region", [region.x, region.y, region.width, region.height].join(",")] : [];
  const decode = [command, "decode", file, "--size", `${width}x${height}`, ...part, "-q", "-f", "-o", join(tmpdir(), "web-bench.ppm")];
  const timed = ["-c", `TIMEFORMAT='%U %S'; { time "$@"; } 2>&1`, "bash", ...decode];
  const times = [0, 1, 2].map(() => {
    const [user, system] = execFileSync("bash", timed, { encoding: "utf8" }).trim().split(" ").map(Number);
    return user + system;
  });
  return Math.min(...times).toFixed(2);
}

async function decoding(browser, address) {
  const open_ = (path) => open(readFileSync(path), { limits: INTERACTIVE });
  const sirens = { [kodak]: await open_(kodak), [large]: await open_(large) };
  const page = await browser.newPage();
  await page.goto(`${address}/empty.html`);
  await page.evaluate(async () => (globalThis.decode = await import("/lib/decode.js")));
  const session = await browser.newBrowserCDPSession();
  const inBrowser = async () => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  const inNode = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  console.log("| CPU seconds | command | Node | Chromium |\n|---|---|---|---|");
  for (const [name, file, options] of views(sirens[kodak], sirens[large])) {
    const node = await least(() => sirens[file].render(options), inNode);
    const bytes = readFileSync(file).toString("base64");
    const render = async ([bytes, options]) => {
      const { INTERACTIVE, open } = globalThis.decode;
      const siren = await open(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)), { limits: INTERACTIVE });
      await siren.render(options);
      siren.close();
    };
    const chromium = await least(() => page.evaluate(render, [bytes, options]), inBrowser);
    console.log(`| ${name} | ${native(file, options)} | ${node} | ${chromium} |`);
  }
  await page.close();
}

// Zooms from the whole picture to 256:1 within six seconds, as the wheel would, and moves to and fro on the way.
async function zooming(browser, name, file) {
  const { folder, page: address } = prepare([file]);
  const page = await browser.newPage({ viewport: { width: 1032, height: 1100 } });
  await page.goto(address);
  await rest(page);
  const { times, long } = await page.evaluate(async () => {
    const canvas = document.getElementById("canvas");
    const [times, long] = [[], []];
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => long.push(duration))).observe({ type: "longtask" });
    const box = canvas.getBoundingClientRect();
    const next = () => new Promise(requestAnimationFrame);
    const start = await next();
    let before = start;
    for (let now = start; now - start < 6000; ) {
      const place = 0.5 + 0.2 * Math.sin((now - start) / 500);
      const [clientX, clientY] = [box.x + place * box.width, box.y + place * box.height];
      canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: -8, clientX, clientY, cancelable: true, bubbles: true }));
      now = await next();
      times.push(now - before);
      before = now;
    }
    return { times, long };
  });
  const zoom = await page.textContent("#zoom");
  await rest(page);
  await page.close();
  rmSync(folder, { recursive: true });
  times.sort((a, b) => a - b);
  const part = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1);
  const longest = long.length ? `${long.length}, longest ${Math.max(...long)} ms` : "none";
  console.log(`| ${name} | ${zoom} | ${times.length} | ${part(0.5)} | ${part(0.95)} | ${part(0.99)} | ${longest} |`);
}

function sizes() {
  const folder = `${root}web/`;
  console.log("| file | bytes | gzip |\n|---|---|---|");
  for (const name of ["lib/decode.wasm", "lib/decode.js", "lib/worker.js", "lib/siren-image.js", "viewer.html"]) {
    const bytes = readFileSync(folder + name);
    console.log(`| ${name} | ${bytes.length} | ${gzipSync(bytes, { level: 9 }).length} |`);
  }
}

configure({ workers: 2 });
sizes();
const browser = await launch();
const server = await serve([], { "/empty.html": "<!DOCTYPE html><title>t</title>" });
console.log();
await decoding(browser, server.address);
console.log("\n| zoomed from all of it | to | frames in 6 s | median, ms | 95 % | 99 % | tasks above 50 ms |\n|---|---|---|---|---|---|---|");
await zooming(browser, "Kodak picture", kodak);
await zooming(browser, "12 megapixels", large);
await browser.close();
server.close();
