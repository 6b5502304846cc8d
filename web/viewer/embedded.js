// The decoder that is in the page itself.

import { configure } from "../lib/decode.js";

/** The bytes that a text in base64 stands for. */
export const bytesOf = (base64) => Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));

const wasm = document.getElementById("wasm");
const worker = new Blob([document.getElementById("worker").textContent], { type: "text/javascript" });

/** Whether there is a decoder. */
export const embedded = wasm.textContent !== "";

if (embedded) configure({ wasm: bytesOf(wasm.textContent), worker: URL.createObjectURL(worker) });
