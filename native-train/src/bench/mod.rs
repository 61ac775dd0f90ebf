//! Speed and memory, measured.
