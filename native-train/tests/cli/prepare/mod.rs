//! `g2d data prepare` and `g2d data check` on miniature trees in the true formats.

mod chain;
mod damage;
mod kill;
mod manifest;
mod mimic;
mod openi;
mod trees;
