//! HTTP: requests, responses, connections and pages of lists.

mod anonymous_writes;
mod bodies;
mod client_address;
mod connections;
mod paging;
mod public_path;
mod responses;
mod shapes;
mod smuggling;
mod texts;
