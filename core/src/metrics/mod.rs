//! Scores, each with its conventions written down, and the trivial answers to hold them against.

pub mod baseline;
pub mod interval;
pub mod overlap;
pub mod paired;
pub mod pointing;
pub mod retrieval;

pub use baseline::{random_pointing, whole_image_dice, whole_image_iou};
pub use interval::{Interval, Mean, bootstrap_mean, wilson};
pub use overlap::{dice, dice_at_area, iou};
pub use paired::{Paired, Verdict, mean_and_sd, paired, student_cdf, student_quantile};
pub use pointing::{pointing_hit, pointing_hit_within};
pub use retrieval::{best_ranks, recall_at_k};
