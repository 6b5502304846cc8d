// Decoders of placeholders beside each other: their sizes and times, and a page of 200 placeholders.
//
// usage: node benches/placeholders.mjs
//
// ThumbHash and BlurHash are the packages `thumbhash` and `blurhash`, which npm installs into a folder that is removed at the
// end, with `esbuild`, which takes out of each package what decodes alone. Needs what `web/check` installs.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { gallery, launch, placeholders, root, seen, serve } from "../web/test/browser.js";

const SIDE = 20;
const folder = mkdtempSync(join(tmpdir(), "sirenc-placeholders-"));
const run = (command, ...args) => execFileSync(command, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
run("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, "thumbhash", "blurhash", "esbuild");
const ours = join(root, "web/lib/placeholder.js");
const peers = [
  { name: "BlurHash", file: join(folder, "node_modules/blurhash/dist/index.mjs"), exported: "decode" },
  { name: "ThumbHash", file: join(folder, "node_modules/thumbhash/thumbhash.js"), exported: "thumbHashToRGBA" },
  { name: "placeholder", file: ours, exported: "decodePlaceholder" },
];

// Texts of what is decoded, made of the picture that the largest of the golden placeholders shows.
async function texts() {
  const [blurhash, thumbhash, own] = await Promise.all(peers.map(({ file }) => import(pathToFileURL(file))));
  const picture = own.decodePlaceholder(placeholders[1]);
  const { width, height } = picture.sizeWithin(96);
  const pixels = picture.pixels(width, height);
  const hash = thumbhash.rgbaToThumbHash(width, height, pixels);
  return [
    ["BlurHash", blurhash.encode(pixels, width, height, 4, 3)],
    ["ThumbHash", Buffer.from(hash).toString("base64")],
    ["placeholder", placeholders[0]],
    ["placeholder", placeholders[1]],
  ];
}

// Decodes a text so many times to RGBA, in Node or in a page.
async function decode([module, name, text, side, count]) {
  const { decode, thumbHashToRGBA, decodePlaceholder } = await import(module);
  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const once = {
    BlurHash: () => decode(text, side, side),
    ThumbHash: () => thumbHashToRGBA(bytes(text)),
    placeholder: () => decodePlaceholder(text).pixels(side, side),
  }[name];
  for (let i = 0; i < count; i++) once();
}

// Milliseconds of a processor that one of `count` runs takes: the first of all, and the median of twenty times fifty.
async function times(run, clock) {
  const time = async (count) => {
    const before = await clock();
    await run(count);
    return ((await clock()) - before) / count;
  };
  await run(0);
  const first = await time(1);
  const all = [];
  for (let i = 0; i < 20; i++) all.push(await time(50));
  return { first, median: all.sort((a, b) => a - b)[10] };
}

async function inPage(page, run) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return times(run, async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
  });
}

function inNode(run) {
  return times(run, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  });
}

const packed = (bytes) => gzipSync(bytes, { level: 9 }).length;
for (const { name, file, exported } of peers) {
  const entry = join(folder, "entry.js");
  writeFileSync(entry, `export { ${exported} } from ${JSON.stringify(file)};`);
  run(join(folder, "node_modules/.bin/esbuild"), entry, "--bundle", "--minify", "--format=esm", "--log-level=error", `--outfile=${folder}/${name}.mjs`);
}
const browser = await launch();
const server = await serve([folder], { "/empty.html": "<!DOCTYPE html><title>t</title>", "/gallery.html": gallery(200, placeholders) });
try {
  console.log("| decoder | module, gzip | decoder alone, minified, gzip |\n|---|---|---|");
  for (const { name, file } of peers) {
    console.log(`| ${name} | ${packed(readFileSync(file))} | ${packed(readFileSync(join(folder, `${name}.mjs`)))} |`);
  }
  console.log("\n| decoded | bytes | CPU ms, Node | Chromium | the first one there |\n|---|---|---|---|---|");
  for (const [name, text] of await texts()) {
    const node = await inNode((count) => decode([pathToFileURL(join(folder, `${name}.mjs`)), name, text, SIDE, count]));
    const page = await browser.newPage();
    await page.goto(`${server.address}/empty.html`);
    const chromium = await inPage(page, (count) => page.evaluate(decode, [`/${name}.mjs`, name, text, SIDE, count]));
    await page.close();
    const bytes = name === "BlurHash" ? text.length : Buffer.from(text, "base64").length;
    console.log(`| ${name} | ${bytes} | ${node.median.toFixed(3)} | ${chromium.median.toFixed(3)} | ${chromium.first.toFixed(1)} |`);
  }
  const page = await browser.newPage();
  const { scripts, longest } = await seen(browser, page, `${server.address}/gallery.html`);
  console.log(`\n200 placeholders on a page: ${scripts.toFixed(0)} CPU ms of scripts, the longest task ${longest.toFixed(1)} ms`);
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
}
