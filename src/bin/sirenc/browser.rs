//! What pages need to decode files by themselves: the decoder, and scripts that use it.
//!
//! A page that is one file has nowhere to import from, so [`bundle`] makes one script of several modules. Each becomes a
//! function that returns what it exports, so that modules have no names in common but these. What is understood of
//! JavaScript is what our modules keep to: an import is a line `import { a, b } from "./module.js";`, and an export stands
//! before a declaration at the beginning of a line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt::Write;

/// The decoder in WebAssembly; empty if `web/build` had not made it when the command was built.
pub(crate) const DECODER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/decode.wasm"));

/// The module that opens files.
pub(crate) const DECODE: (&str, &str) = ("decode", include_str!("../../../web/lib/decode.js"));

/// The module that finds the decoder and its worker in the elements of the page that [`elements`] writes, and has `decode`
/// use them.
pub(crate) const EMBEDDED: (&str, &str) =
    ("embedded", include_str!("../../../web/viewer/embedded.js"));

/// The elements of a page that have `decoder` and its worker.
pub(crate) fn elements(decoder: &[u8]) -> String {
    let worker = include_str!("../../../web/lib/worker.js");
    format!(
        "<script type=\"text/plain\" id=\"wasm\">{}</script>\n<script type=\"text/plain\" id=\"worker\">\n{worker}</script>\n",
        BASE64.encode(decoder)
    )
}

/// The script of `modules`, given by name and source, each after those that it imports.
pub(crate) fn bundle(modules: &[(&str, &str)]) -> String {
    let mut script = String::new();
    for (name, source) in modules {
        let mut exports = Vec::new();
        let _ = writeln!(script, "const module_{name} = (() => {{");
        for line in source.lines() {
            if let Some((names, module)) = import(line) {
                let _ = writeln!(script, "const {{{names}}} = module_{module};");
            } else if let Some(declaration) = line.strip_prefix("export ") {
                exports.push(declared(declaration));
                let _ = writeln!(script, "{declaration}");
            } else {
                let _ = writeln!(script, "{line}");
            }
        }
        let _ = writeln!(script, "return {{ {} }};\n}})();", exports.join(", "));
    }
    script
}

/// The names that a line imports, and the module that it imports them from.
fn import(line: &str) -> Option<(&str, &str)> {
    let (names, path) = line.strip_prefix("import {")?.split_once("} from \"")?;
    let path = path.strip_suffix(".js\";")?;
    Some((names, path.rsplit('/').next().unwrap_or(path)))
}

/// The name that a declaration gives to what it declares.
fn declared(declaration: &str) -> &str {
    let words = ["async", "function", "function*", "class", "const", "let"];
    let mut names = declaration.split(' ').filter(|word| !words.contains(word));
    let name = names.next().unwrap_or_default();
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    &name[..end.unwrap_or(name.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_share_only_what_they_export() {
        let a = "const hidden = 1;\nexport const A = hidden;\nexport async function f(x) {\n}\n";
        let b = "import { A, f } from \"../lib/a.js\";\nexport class B extends A {}\nexport function* g() {}\n";
        let expected = "const module_a = (() => {\nconst hidden = 1;\nconst A = hidden;\nasync function f(x) {\n}\n\
                        return { A, f };\n})();\n\
                        const module_b = (() => {\nconst { A, f } = module_a;\nclass B extends A {}\nfunction* g() {}\n\
                        return { B, g };\n})();\n";
        assert_eq!(bundle(&[("a", a), ("b", b)]), expected);
    }
}
