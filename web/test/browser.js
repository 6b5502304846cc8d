// A browser for tests and measurements, the files that they show, and a server for pages that import modules.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
/** The command. */
export const command = process.env.SIRENC ?? join(root, "target/release/sirenc");
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const driver = join(root, "web/node_modules/playwright-core");

/** Why there can be no tests in a browser, or nothing. */
export const missing = [[chromium, "no Chromium"], [command, "no release build of sirenc"], [driver, "no playwright-core"]]
  .filter(([path]) => !existsSync(path)).map(([path, what]) => `${what} at ${path}`).join(", ");

/** Starts the browser. Without a GPU it draws by software. */
export async function launch() {
  const { chromium: driver } = await import("playwright-core");
  const args = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--autoplay-policy=no-user-gesture-required"];
  return driver.launch({ executablePath: chromium, args });
}

const sirenc = (...args) => execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });

/** A folder with files, and the page of the viewer that has them. */
export function prepare(files) {
  const folder = mkdtempSync(join(tmpdir(), "sirenc-web-"));
  const page = join(folder, "page.html");
  files ??= examples((name) => join(folder, name));
  sirenc("view", ...files, "-o", page);
  return { folder, files, page: `file://${page}` };
}

// Files of all kinds: photo, shape, sound, video and grids.
function examples(at) {
  const golden = (name) => join(root, "format/tests/golden/valid", name);
  sirenc("encode", join(root, "src/bin/sirenc/demo.png"), "--bytes", "1500", "--effort", "2", "-o", at("photo.siren"));
  writeFileSync(at("ball.xyz"), ball());
  sirenc("encode", at("ball.xyz"), "--bytes", "400", "--steps", "150", "-o", at("ball.siren"));
  return [at("photo.siren"), at("ball.siren"), golden("sound-levels.siren"), golden("video.siren"), golden("grids.siren")];
}

// Oriented points of a ball with a dent.
function ball() {
  return Array.from({ length: 2000 }, (_, i) => {
    const [z, angle] = [i / 1000 - 0.9995, i * 2.399963];
    const r = Math.sqrt(1 - z * z);
    const n = [r * Math.cos(angle), r * Math.sin(angle), z];
    return [...n.map((c) => 20 * c), ...n].map((c) => c.toFixed(5)).join(" ");
  }).join("\n");
}

/** Serves web/, the folders that are given, and pages by name, and fires no requests of its own. */
export async function serve(folders, pages) {
  const kinds = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const found = [join(root, "web"), ...folders].map((folder) => join(folder, pathname)).find((path) => existsSync(path));
    const body = pages[pathname] ?? (found && readFileSync(found));
    response.writeHead(body ? 200 : 404, { "Content-Type": kinds[extname(pathname)] ?? "application/octet-stream" });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** The placeholders among the golden files of the format, in base64. */
export const placeholders = ["beach", "beach-200", "tall", "cut-out", "odd"].map((name) =>
  readFileSync(join(root, "format/tests/golden/placeholders", `${name}.placeholder`)).toString("base64"));

/** A page of `count` elements that have nothing to show but one of these placeholders each. */
export function gallery(count, texts) {
  const image = (_, i) => `<siren-image placeholder="data:image/x-siren-placeholder;base64,${texts[i % texts.length]}" alt=""></siren-image>`;
  return `<!DOCTYPE html><html lang="en"><title>Placeholders</title><style>siren-image { width: 60px; height: 45px }</style>
<script type="module" src="/lib/siren-image.js"></script>
${Array.from({ length: count }, image).join("\n")}`;
}

/**
 * Opens a gallery, and waits until all of it is seen: milliseconds that its thread takes for scripts in all, and for the longest
 * task. They are times of a processor, which other work on the machine does not change.
 */
export async function seen(browser, page, address) {
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
  await page.goto(address);
  await page.waitForFunction(() => [...document.querySelectorAll("siren-image")].every((element) => element.shadowRoot?.querySelector("img").naturalWidth));
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const { pid, tid } = traceEvents.find(({ name, args }) => name === "FunctionCall" && args.data.url?.endsWith("/siren-image.js"));
  const mine = traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.tdur);
  const times = (...names) => mine.filter(({ name }) => names.includes(name)).map(({ tdur }) => tdur / 1000);
  const scripts = times("FunctionCall", "v8.evaluateModule", "EvaluateScript").reduce((sum, time) => sum + time, 0);
  return { scripts, longest: Math.max(...times("RunTask")) };
}

/** Waits until the viewer has nothing to do. */
export async function rest(page) {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.waitForFunction(() => document.getElementById("stage").ariaBusy === "false");
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}
