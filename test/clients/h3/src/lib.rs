//! What the client and the server share: certificates from PEM files, and header fields as pairs in JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

pub fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    Ok(CertificateDer::pem_file_iter(file)?.collect::<Result<_, _>>()?)
}

pub fn key(file: &str) -> Result<PrivateKeyDer<'static>, Failure> {
    Ok(PrivateKeyDer::from_pem_file(file)?)
}

/// `[["name", "value"], …]`, in the order of arrival within each name.
pub fn told(fields: &HeaderMap) -> Value {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| json!([name.as_str(), text(value.as_bytes())]);
    Value::Array(fields.iter().map(pair).collect())
}

pub fn fields(told: &Value) -> Result<HeaderMap, Failure> {
    let mut fields = HeaderMap::new();
    for pair in told.as_array().into_iter().flatten() {
        let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) else {
            return Err(format!("no name and value: {pair}").into());
        };
        fields.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(fields)
}

/// Each byte a character.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

pub fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub fn decoded(text: &str) -> Result<Bytes, Failure> {
    Ok(STANDARD.decode(text)?.into())
}
