mod timers;
mod tls;
mod tls_cost;
