//! A Kubernetes API server over a history
