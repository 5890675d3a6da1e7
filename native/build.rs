//! Hands the content hash of the sources to `lib.rs`, which exports it as `version()`.

fn main() {
    println!("cargo::rerun-if-env-changed=HOTPRESS_CONTENT_HASH");
    // A bare `cargo test` has no hash: only scripts/build-native.mjs makes binaries that are to be shipped.
    let hash = std::env::var("HOTPRESS_CONTENT_HASH").unwrap_or_else(|_| "unversioned".into());
    println!("cargo::rustc-env=HOTPRESS_CONTENT_HASH={hash}");
    // On Windows it would ask for an import library of Node's, and what is Node's is looked up at run time there too.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        napi_build::setup();
    }
}
