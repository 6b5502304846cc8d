// What the package holds, how large it is, and whether its types are right.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const web = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(web, "node_modules/typescript/bin/tsc");

test("the package holds what is used, and nothing else", () => {
  const packed = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: web, stdio: ["ignore", "pipe", "ignore"] }));
  const files = packed[0].files.map(({ path }) => path).sort();
  assert.deepEqual(files, [
    "LICENSE-APACHE", "LICENSE-MIT", "README.md", "lib/decode.d.ts", "lib/decode.js", "lib/decode.wasm", "lib/placeholder.d.ts", "lib/placeholder.js",
    "lib/siren-image.d.ts", "lib/siren-image.js", "lib/worker.js", "package.json", "viewer.html",
  ]);
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) {
    assert.equal(readFileSync(join(web, name), "utf8"), readFileSync(join(web, "..", name), "utf8"));
  }
  const { exports, dependencies } = JSON.parse(readFileSync(join(web, "package.json")));
  assert.equal(dependencies, undefined);
  const named = Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const path of named) assert.ok(files.includes(path.slice(2)), path);
});

test("sizes are within their budget", (t) => {
  const budget = JSON.parse(readFileSync(join(web, "budget.json")));
  for (const [names, most] of Object.entries(budget)) {
    const bytes = names.split(" + ").reduce((sum, name) => sum + gzipSync(readFileSync(join(web, name)), { level: 9 }).length, 0);
    t.diagnostic(`${names}: ${bytes} of ${most} bytes under gzip`);
    assert.ok(bytes <= most, `${names} takes ${bytes} bytes, more than ${most}`);
  }
});

test("types are those of the modules", { skip: !existsSync(tsc) && "no TypeScript" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "sirenc-types-"));
  const types = (name) => join(web, "lib", name);
  const right = `
    import { configure, INTERACTIVE, open, SirenError } from "${types("decode.js")}";
    import { decodePlaceholder } from "${types("placeholder.js")}";
    import { SirenImage } from "${types("siren-image.js")}";
    configure({ workers: 2 });
    const siren = await open(new Uint8Array(3), { limits: { ...INTERACTIVE, memory: 1e8 } });
    const image: ImageData = await siren.render({ width: 3, derivative: "laplacian", region: { x: 1 } });
    const channels: Float32Array[] = await siren.samples({ rate: 48000 });
    const mesh = await siren.mesh();
    const { average, pixels }: { average: number[]; pixels: Function } = decodePlaceholder("x");
    const address: string = decodePlaceholder(new Uint8Array(32)).dataURL(20);
    const element: SirenImage = document.createElement("siren-image");
    const fault = (error: SirenError): "file" | "limit" | "request" | "decoder" => error.fault;
    export { image, channels, mesh, average, pixels, address, element, fault };`;
  const wrong = `import { open } from "${types("decode.js")}"; (await open(new Uint8Array(1))).render({ width: "3" });`;
  const check = (source) => {
    writeFileSync(join(folder, "a.ts"), source);
    const flags = "--noEmit --strict --target es2022 --module nodenext --lib es2022,dom".split(" ");
    execFileSync("node", [tsc, ...flags, join(folder, "a.ts")], { cwd: folder, encoding: "utf8", stdio: "pipe" });
  };
  try {
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    check(right);
    assert.throws(() => check(wrong), ({ stdout }) => /'string' is not assignable to type 'number/.test(stdout));
  } catch (error) {
    throw error.stdout ? new Error(error.stdout) : error;
  } finally {
    rmSync(folder, { recursive: true });
  }
});
