//! axum as its documentation says to use it, on one thread: what the same answers cost without JavaScript. The
//! arguments are the further routes, in axum's form; after `--tls` come the protocol that is measured, which says
//! nothing to this server, and the files of a certificate and its key.

mod tls;

use std::fs::read_to_string;
use std::io::stdin;
use std::path::PathBuf;
use std::time::Instant;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SERVER, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde::Serialize;
use tokio::net::TcpListener;
use uuid::Uuid;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Serialize)]
struct User {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: u32,
    name: String,
    price: f64,
    in_stock: bool,
    tags: [String; 2],
    created_at: &'static str,
}

/// Made once, and serialised anew for each request to /json.
fn items() -> Vec<Item> {
    let item = |index: u32| Item {
        id: index + 1,
        name: format!("Item number {}", index + 1),
        price: 9.99 + f64::from(index),
        in_stock: !index.is_multiple_of(3),
        tags: ["bench".to_owned(), format!("group-{}", index % 4)],
        created_at: "2025-01-01T00:00:00.000Z",
    };
    (0..10).map(item).collect()
}

/// An answer with its headers in one map, made once at its size: a layer that adds them to each answer, or `Json`
/// with another Content-Type put over its own, costs more.
fn send(kind: HeaderValue, body: impl Into<Body>) -> Response {
    let mut id = [0; 36];
    Uuid::new_v4().hyphenated().encode_lower(&mut id);
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(&id).expect("a UUID is a header value"));
    headers.insert(SERVER, HeaderValue::from_static("hotpress/0"));
    headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers;
    response
}

fn send_json(value: &impl Serialize) -> Response {
    send(JSON, serde_json::to_vec(value).expect("values here have a JSON form"))
}

async fn first(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(HeaderName::from_static("x-a"), HeaderValue::from_static("1"));
    response
}

async fn second(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(HeaderName::from_static("x-b"), HeaderValue::from_static("2"));
    response
}

/// As lib/tls-files.mjs makes it.
fn text() -> String {
    (0..1600).map(|line| format!("{:.<63}\n", format!("line {line} of a text "))).collect()
}

fn router(others: impl Iterator<Item = String>) -> Router {
    let text: &'static str = text().leak();
    let items: &'static [Item] = items().leak();
    let waiting =
        Router::new().route("/async", get(async || send(TEXT, "pong"))).layer(from_fn(second)).layer(from_fn(first));
    let router = Router::new()
        .route("/ping", get(async || send(TEXT, "pong")))
        .route("/users/{id}", get(async |Path(id): Path<String>| send_json(&User { id })))
        .route("/json", get(async move || send_json(&items)))
        .route("/echo", post(async |Json(body): Json<serde_json::Value>| send_json(&body)))
        .route("/text", get(async move || send(TEXT, text)))
        .route("/length", post(async |body: Bytes| send(TEXT, body.len().to_string())))
        .merge(waiting);
    // Their order is of no matter to axum.
    others.fold(router, |router, path| router.route(&path, get(async || send(TEXT, "other"))))
}

/// CPU time so far in µs: user and system, every thread, the figure that Node's `process.cpuUsage()` gives.
fn cpu() -> f64 {
    // SAFETY: rusage is plain numbers, for which zeroes are valid, and the call writes to nothing else.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let micros = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
    micros(usage.ru_utime) + micros(usage.ru_stime)
}

/// Resident bytes, where /proc tells them.
fn memory() -> f64 {
    let statm = read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or_default() * 4096.0
}

/// Tells the CPU time or the memory for each line, and never outlives the benchmark.
fn answer_questions() -> ! {
    for question in stdin().lines().map_while(Result::ok) {
        println!("{}", if question == "memory" { memory() } else { cpu() });
    }
    std::process::exit(0)
}

fn main() {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        let mut words = std::env::args().skip(1);
        let router = router(words.by_ref().take_while(|word| word != "--tls"));
        let files: Vec<PathBuf> = words.skip(1).map(PathBuf::from).collect();
        println!("{{\"port\":{port},\"startup\":{:.1}}}", started.elapsed().as_secs_f64() * 1e3);
        std::thread::spawn(|| answer_questions());
        if let [cert, key] = &files[..] {
            tls::serve(listener, tls::acceptor(cert, key), router).await;
            return;
        }
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        axum::serve(listener, router).await.expect("axum serves");
    });
}
