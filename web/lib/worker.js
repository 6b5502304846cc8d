// A worker that holds instances of the WebAssembly module, one for each file, and calls their exports.
//
// web/abi/src/exports.rs says what they are. The worker is a module and a plain script as well, for a page that was opened
// from a disk can start only a plain one.

const FAULTS = ["", "file", "limit", "request"];

let module;
let port; // to whoever started the worker
const files = new Map(); // exports of the instance that holds a file, by the file's number

// The first message brings the compiled module. Every other one asks for a file to be closed, or for exports to be called
// in turn, after the file has been opened if its bytes are there; the answer is what the last of them made.
function receive({ compiled, close, task, file, bytes, limits, calls }) {
  if (compiled) {
    module = compiled;
  } else if (close) {
    files.delete(close);
  } else {
    try {
      let made = bytes && open(file, bytes, limits);
      for (const [name, ...numbers] of calls) made = call(files.get(file), name, numbers);
      port.postMessage({ task, made }, [made]);
    } catch (error) {
      // After a trap, such as where memory is exhausted, an instance is of no further use.
      if (!error.fault || bytes) files.delete(file);
      const { fault = "decoder", message } = error;
      port.postMessage({ task, fault, message, closed: !files.has(file) });
    }
  }
}

function open(file, bytes, limits) {
  const { exports } = new WebAssembly.Instance(module);
  for (const [quantity, most] of limits) call(exports, "limit", [quantity, most]);
  const at = exports.input(bytes.length) >>> 0;
  new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
  const facts = call(exports, "open", []);
  files.set(file, exports);
  return facts;
}

// What an export makes, copied out of the memory of the instance.
function call(exports, name, numbers) {
  const fault = exports[name](...numbers);
  const at = exports.output() >>> 0;
  const made = exports.memory.buffer.slice(at, at + exports.output_length());
  if (fault) throw Object.assign(new Error(new TextDecoder().decode(made)), { fault: FAULTS[fault] });
  return made;
}

function listen(to) {
  port = to;
  if (port.on) port.on("message", receive);
  else port.onmessage = ({ data }) => receive(data);
}

if (typeof self === "undefined") import("node:worker_threads").then(({ parentPort }) => listen(parentPort));
else listen(self);
