#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // On this thread alone: handing a few pixels to another takes longer than they do.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        pool.build_global().expect("the only pool");
    },
    |bytes: &[u8]| sirenc_fuzz_bodies::decode_limited(bytes)
);
