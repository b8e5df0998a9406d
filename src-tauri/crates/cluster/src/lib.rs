//! Kubeconfigs, connections, watches and live reads
