//! Harnesses that tests share: the control plane, the window, the benchmark data.
