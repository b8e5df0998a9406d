//! Failure modes, blueprints, articles and specialists: load, watch, search

/// The library (replaced by the real one).
pub struct Library {}
