//! How many instructions the hot stages take, counted: a slower stage is seen on any machine, however busy.
//!
//! [`gate`] and [`world`] are shared with the benchmarks.
//!
//! **Thread:** the program's own. **Hot:** nothing here; the hot code is what [`stages`] call. **Deliberately absent:**
//! time, but for `--time`. A count says nothing about caches, branches or waiting; benchmarks measure those.
//!
//! A stage runs alone in a process under `valgrind --tool=callgrind`, which counts what happens in [`counted_region`].
//! Valgrind shows every program the same processor: AVX2, and no more (3.19 knows no AVX-512), on each host that has
//! AVX2. So code that looks what the processor can do chooses the same everywhere, and counts agree between hosts; a
//! host without AVX2 is told apart by [`features`] and not compared.

pub mod baseline;
pub mod count;
pub mod gate;
pub mod stages;
pub mod world;

use std::hint::black_box;

/// What is counted: the stage's one run, and about ten instructions around it; returns one more than the run does.
/// Callgrind finds it by its name.
#[inline(never)]
pub fn counted_region(run: &mut dyn FnMut() -> u64) -> u64 {
    // Something is left to do behind the call, so that it is one, and no jump that would leave the region.
    black_box(run()).wrapping_add(1)
}

/// What the processor that this process sees can do, of what the hot code or its libraries ask for.
#[must_use]
pub fn features() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let known = [
            ("sse4.2", std::is_x86_feature_detected!("sse4.2")),
            ("popcnt", std::is_x86_feature_detected!("popcnt")),
            ("pclmulqdq", std::is_x86_feature_detected!("pclmulqdq")),
            ("aes", std::is_x86_feature_detected!("aes")),
            ("avx", std::is_x86_feature_detected!("avx")),
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("bmi1", std::is_x86_feature_detected!("bmi1")),
            ("bmi2", std::is_x86_feature_detected!("bmi2")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("sha", std::is_x86_feature_detected!("sha")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
        ];
        known.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        std::env::consts::ARCH.to_owned()
    }
}
