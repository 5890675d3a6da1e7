//! What the client and the server share: certificates from PEM files, and what is told in JSON.

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

/// `[["name", "value"], …]`, in the order of arrival within each name; each byte of a value is a character.
pub fn told(fields: &HeaderMap) -> Value {
    let latin1 = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect::<String>();
    let pair = |(name, value): (&HeaderName, &HeaderValue)| json!([name.as_str(), latin1(value.as_bytes())]);
    Value::Array(fields.iter().map(pair).collect())
}

/// What [`told`] makes; nothing where there is nothing.
pub fn fields(told: &Value) -> Result<HeaderMap, Failure> {
    let mut fields = HeaderMap::new();
    for pair in told.as_array().into_iter().flatten() {
        let no_field = || format!("no name and value of a field: {pair}");
        let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) else { return Err(no_field().into()) };
        let latin1 = value.chars().map(|unit| u8::try_from(u32::from(unit))).collect::<Result<Vec<u8>, _>>();
        let value = HeaderValue::from_bytes(&latin1.map_err(|_| no_field())?).map_err(|_| no_field())?;
        fields.append(HeaderName::try_from(name).map_err(|_| no_field())?, value);
    }
    Ok(fields)
}

pub fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Nothing where there is no text.
pub fn decoded(text: &Value) -> Result<Bytes, Failure> {
    Ok(STANDARD.decode(text.as_str().unwrap_or_default())?.into())
}
