#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gitwire_fuzz::run("upload_pack_v0", input));
