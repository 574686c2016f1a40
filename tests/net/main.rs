//! Sockets on the loop: what tasks do with them while others run. Rows 34 and 35 of the table in
//! `docs/design.md` bear their numbers; the rest is cede's own.
#![forbid(unsafe_code)]

mod help;

mod accept;
mod allocations;
mod backends;
mod bounds;
mod cancelling;
mod churn;
mod faults;
mod faults_above;
mod files;
mod pipes;
mod protocol_crates;
mod row_32_process;
mod row_34_reader;
mod row_34_server;
mod row_34_writer;
mod row_35_connect;
mod row_35_datagrams;
mod sharing;
mod stale;
mod std_shape;
mod stdio;
mod stream_sockets;
mod tls;
mod tls_ends;
mod tls_server;
mod unix_sockets;
