//! Hands the content hash of the sources to `lib.rs`, which exports it as `version()`.

fn main() {
    println!("cargo::rerun-if-env-changed=HOTPRESS_CONTENT_HASH");
    // A bare `cargo test` has no hash: only scripts/build-native.mjs makes binaries that are to be shipped.
    let hash = std::env::var("HOTPRESS_CONTENT_HASH").unwrap_or_else(|_| "unversioned".into());
    println!("cargo::rustc-env=HOTPRESS_CONTENT_HASH={hash}");
    napi_build::setup();
}
