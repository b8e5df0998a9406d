//! Golden scenarios and how well we do on them
