//! Rpress as its documentation says to use it, on one thread. The arguments are the further routes, then `--tls`, the
//! protocol that is measured, which says nothing to this server, and the files of a certificate and its key.

use std::fs::read_to_string;
use std::io::stdin;
use std::time::{Duration, Instant};

use rpress::{RequestPayload, ResponsePayload, Rpress, RpressRoutes, RpressTlsConfig};
use serde::Serialize;
use tokio::net::TcpListener;

const JSON: &str = "application/json; charset=utf-8";

/// Longer than any measurement.
const IDLE: Duration = Duration::from_secs(300);

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

/// As lib/tls-files.mjs makes it.
fn text() -> String {
    (0..1600).map(|line| format!("{:.<63}\n", format!("line {line} of a text "))).collect()
}

fn json(value: &impl Serialize) -> ResponsePayload {
    ResponsePayload::json(value).expect("values here have a JSON form").with_content_type(JSON)
}

fn routes(others: impl Iterator<Item = String>) -> RpressRoutes {
    let items: &'static [Item] = items().leak();
    let text: &'static str = text().leak();
    let mut routes = RpressRoutes::new();
    routes.add(":get/ping", |_: RequestPayload| async { ResponsePayload::text("pong") });
    routes.add(":get/users/:id", |request: RequestPayload| async move {
        json(&User { id: request.get_param("id").unwrap_or_default().to_owned() })
    });
    routes.add(":get/json", move |_: RequestPayload| async move { json(&items) });
    routes.add(":get/text", move |_: RequestPayload| async move { ResponsePayload::text(text) });
    routes.add(":post/length", |mut request: RequestPayload| async move {
        ResponsePayload::text(request.collect_body().await.len().to_string())
    });
    for path in others {
        routes.add(format!(":get{path}"), |_: RequestPayload| async { ResponsePayload::text("other") });
    }
    routes
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
    let mut words = std::env::args().skip(1);
    let routes = routes(words.by_ref().take_while(|word| word != "--tls"));
    let files: Vec<String> = words.skip(1).collect();
    let [cert, key] = &files[..] else { panic!("a certificate and its key, not {files:?}") };
    let tls = RpressTlsConfig::from_pem(cert, key).expect("a certificate and its key");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        let mut app = Rpress::new(None);
        app.add_route_group(routes);
        app.set_idle_timeout(IDLE);
        app.set_max_connections(20_000);
        app.set_read_timeout(IDLE);
        println!("{{\"port\":{port},\"startup\":{:.1}}}", started.elapsed().as_secs_f64() * 1e3);
        std::thread::spawn(|| answer_questions());
        app.server_with_listener_tls(listener, tls).await.expect("Rpress serves");
    });
}
