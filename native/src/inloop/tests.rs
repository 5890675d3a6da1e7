mod timers;
pub mod tls;
mod tls_cost;
