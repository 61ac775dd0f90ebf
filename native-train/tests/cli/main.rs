//! The program as a user meets it: run as a process, judged by its exit code, its standard
//! output, its standard error and the files it leaves.

#![recursion_limit = "256"]

mod basics;
mod data;
mod export;
mod predict;
mod refusals;
mod support;
