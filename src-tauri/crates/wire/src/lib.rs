//! The one list of commands between core and window
