//! Scores, each with its conventions written down, and the trivial answers to hold them against.

pub mod baseline;
pub mod bootstrap;
pub mod interval;
pub mod overlap;
pub mod paired;
pub mod pixels;
pub mod pointing;
pub mod ranking;
pub mod retrieval;

pub use baseline::{random_pointing, whole_image_dice, whole_image_iou};
pub use bootstrap::{Groups, bootstrap, weighted_mean};
pub use interval::{Interval, Mean, bootstrap_mean, wilson};
pub use overlap::{dice, dice_at_area, iou};
pub use paired::{Paired, Verdict, mean_and_sd, paired, student_cdf, student_quantile};
pub use pixels::{PixelCounts, contrast_to_noise, counts_above, dice_bounds};
pub use pointing::{pointing_hit, pointing_hit_within};
pub use ranking::{Confusion, Goal, Ranking};
pub use retrieval::{best_ranks, chance_rank, chance_recall, precision_at_k, recall_at_k};
