//! The typed tools of an investigation; the only crate that can write to a cluster
