//! axum as its documentation says to use it, on one thread: what the same answers cost without JavaScript. The
//! arguments are the further routes, in axum's form.

use std::io::stdin;
use std::time::Instant;

use axum::Json;
use axum::Router;
use axum::body::Body;
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

fn router(others: impl Iterator<Item = String>) -> Router {
    let items: &'static [Item] = items().leak();
    let waiting =
        Router::new().route("/async", get(async || send(TEXT, "pong"))).layer(from_fn(second)).layer(from_fn(first));
    let router = Router::new()
        .route("/ping", get(async || send(TEXT, "pong")))
        .route("/users/{id}", get(async |Path(id): Path<String>| send_json(&User { id })))
        .route("/json", get(async move || send_json(&items)))
        .route("/echo", post(async |Json(body): Json<serde_json::Value>| send_json(&body)))
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

/// Tells the CPU time for each line, which is the only question there is, and never outlives the benchmark.
fn answer_questions() -> ! {
    for _ in stdin().lines().map_while(Result::ok) {
        println!("{}", cpu());
    }
    std::process::exit(0)
}

fn main() {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        let router = router(std::env::args().skip(1));
        println!("{{\"port\":{port},\"startup\":{:.1}}}", started.elapsed().as_secs_f64() * 1e3);
        std::thread::spawn(|| answer_questions());
        axum::serve(listener, router).await.expect("axum serves");
    });
}
