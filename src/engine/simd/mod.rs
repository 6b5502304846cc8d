//! Which instruction set the kernels run on, and the arithmetic they share.
//!
//! Vectors and tokens come from `fearless_simd`: a [`Level`] proves at run time that an instruction
//! set is there, and `dispatch!` compiles each kernel once per set. No kernel contains `unsafe`, and
//! nothing needs `-C target-cpu`. The level is looked up once per tile batch, never per operation.

mod exponential;
mod sincos;
mod tanh;

pub(crate) use exponential::{exp2, log2};
pub(crate) use sincos::{sin, sin_cos};
pub(crate) use tanh::tanh;

use fearless_simd::Level;

use std::sync::OnceLock;

/// Name of the environment variable that lowers the level: `avx512`, `avx2`, `sse4.2`, `sse2`, `neon`, `simd128`
/// or `scalar`.
pub(crate) const OVERRIDE: &str = "SIRENC_SIMD";

/// The levels this machine has, best first, by name; the last is always `scalar`.
pub(crate) fn levels() -> Vec<(&'static str, Level)> {
    let best = Level::new();
    let mut levels = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(
            best.as_avx512()
                .map(|token| ("avx512", Level::Avx512(token))),
        );
        levels.extend(best.as_avx2().map(|token| ("avx2", Level::Avx2(token))));
        levels.extend(
            best.as_sse4_2()
                .map(|token| ("sse4.2", Level::Sse4_2(token))),
        );
        levels.extend(best.as_sse2().map(|token| ("sse2", Level::Sse2(token))));
    }
    #[cfg(target_arch = "aarch64")]
    levels.extend(best.as_neon().map(|token| ("neon", Level::Neon(token))));
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    levels.extend(
        best.as_wasm_simd128()
            .map(|token| ("simd128", Level::WasmSimd128(token))),
    );
    levels.push(("scalar", Level::fallback()));
    levels
}

/// The level in use, and its name: the machine's best, or the one that [`OVERRIDE`] lowers it to.
///
/// A name the machine does not have is answered with the best level below it: the override can
/// only ever lower. An unknown name is ignored.
pub(crate) fn level() -> (&'static str, Level) {
    static CHOSEN: OnceLock<(&'static str, Level)> = OnceLock::new();
    *CHOSEN.get_or_init(|| choose(&levels(), std::env::var(OVERRIDE).ok().as_deref()))
}

/// Name of the instruction set in use: `avx512`, `avx2`, `sse4.2`, `sse2`, `neon`, `simd128` (of WebAssembly) or
/// `scalar`.
///
/// It is the machine's best, unless the environment variable `SIRENC_SIMD` names a lower one.
pub fn name() -> &'static str {
    level().0
}

fn choose(have: &[(&'static str, Level)], asked: Option<&str>) -> (&'static str, Level) {
    // From fast to slow; what is asked for and absent falls to the next one that is there.
    const ORDER: [&str; 7] = [
        "avx512", "avx2", "sse4.2", "sse2", "neon", "simd128", "scalar",
    ];
    let from = ORDER
        .iter()
        .position(|&name| Some(name) == asked)
        .unwrap_or(0);
    ORDER[from..]
        .iter()
        .find_map(|name| have.iter().find(|(have, _)| have == name))
        .copied()
        .unwrap_or(("scalar", Level::fallback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn override_only_lowers() {
        let all = levels();
        assert_eq!(choose(&all, None).0, all[0].0);
        assert_eq!(choose(&all, Some("no such level")).0, all[0].0);
        assert_eq!(choose(&all, Some("scalar")).0, "scalar");
        for (index, (name, _)) in all.iter().enumerate() {
            assert_eq!(choose(&all, Some(name)).0, *name);
            // A machine without this level takes the next one down.
            if let Some((below, _)) = all.get(index + 1) {
                assert_eq!(choose(&all[index + 1..], Some(name)).0, *below);
            }
        }
    }
}
