//! The sections of a training configuration, each with its defaults.

use std::path::PathBuf;

use g2d_core::{
    loss::{DiceFrom, Directions, LocalContrast, ReconstructionKind},
    phantom::PhantomConfig,
};
use serde::{Deserialize, Serialize};

/// What is learnt from: a pack, a manifest, or else phantoms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A folder that `g2d data prepare` made.
    pub pack: Option<PathBuf>,
    /// A pairs manifest (JSONL or CSV).
    pub manifest: Option<PathBuf>,
    /// Other studies that come into every batch beside the main ones: a prepared folder or a pairs
    /// manifest; its rows of `split` count. Validation does not see them.
    pub beside: Option<PathBuf>,
    /// Their share of a batch, at least one study.
    pub beside_share: f64,
    /// Split to train on; rows without a split count as `train`.
    pub split: String,
    /// Split to validate on; nothing is validated where it has no row.
    pub validation_split: String,
    /// Number of different phantoms.
    pub phantoms: usize,
    /// How phantoms are drawn.
    pub phantom: PhantomConfig,
    /// A tokenizer.json; none takes the one of the starting weights, or makes a WordPiece
    /// vocabulary from the phantoms' grammar or from the texts.
    pub tokenizer: Option<PathBuf>,
    /// Batches made ahead while the device computes.
    pub prefetch: usize,
}

/// What the decoder learns: the three families of the paper's first figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecoderTask {
    /// No decoder: alignment only.
    None,
    /// The pixels of the image.
    Reconstruction,
    /// The pseudo mask: G2D.
    PseudoMask,
}

/// Whose pseudo mask a study's decoder learns: the control of the paper's Table 8 and two that
/// tell its two effects apart (wrong places, and a target that changes at random).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskControl {
    /// Its own.
    None,
    /// That of another study of the batch part, never its own.
    Shuffled,
    /// That of the first study of the batch part, for all.
    SameForAll,
    /// A disc in the middle that covers as much as the quantile leaves.
    FixedBlob,
}

/// The losses and their weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// Weight of the global image-report contrast. Paper: 1; reference code: 2, as it sums both
    /// directions.
    pub alignment: f64,
    /// Which of image and report must find the other.
    pub directions: Directions,
    /// Weight of the decoder's loss. Paper: 1.
    pub pixel: f64,
    /// Weight of Dice in the pseudo mask's loss. Paper (Eq. 4): 0.5; reference code: 1.
    pub dice: f64,
    /// Weight of the cross entropy in it. Paper (Eq. 4): 0.5; reference code: 0.2.
    pub bce: f64,
    /// What Dice is computed on.
    pub dice_from: DiceFrom,
    /// How a reconstruction is compared with the image.
    pub reconstruction: ReconstructionKind,
    /// Weight of the sentence-level contrast on the local head; 0 in `paper` and `reference`.
    pub local: f64,
    /// How that contrast is made.
    pub local_contrast: LocalContrast,
    /// What the decoder learns.
    pub decoder_task: DecoderTask,
    /// Whose pseudo mask it learns.
    pub mask_control: MaskControl,
    /// Optimiser steps before the decoder's loss joins. Paper: 0; reference code: 200.
    pub pixel_warmup_steps: usize,
    /// Leave studies with the same report out of each other's negatives.
    pub mask_duplicates: bool,
    /// Keep padding out of the text projector's statistics.
    pub masked_text_norm: bool,
}

/// How the learning rate changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// Linear warm-up, then one cosine down to `min_lr` (the paper).
    Cosine,
    /// After the warm-up a cosine that starts anew every `restart_every` steps (the reference code;
    /// Loshchilov and Hutter, "SGDR", 2017).
    CosineRestarts,
    /// After the warm-up always the same.
    Constant,
}

/// AdamW and its schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimConfig {
    /// Highest learning rate. Paper: 2e-4 at a batch of 2,048.
    pub lr: f64,
    /// Learning rate at the end.
    pub min_lr: f64,
    /// How it changes in between.
    pub schedule: ScheduleKind,
    /// Steps of one cosine with `cosine_restarts`. Reference code: 200.
    pub restart_every: usize,
    /// Share of the steps that warm up.
    pub warmup: f64,
    /// Decoupled weight decay on matrices and kernels, not on norms and biases. Paper: 1e-8.
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Largest norm of all gradients together; 0 turns clipping off.
    pub clip_norm: f64,
    /// Parts of the model with values of their own; the first that fits a parameter's name holds.
    pub groups: Vec<ParameterGroup>,
}

/// Parameters with a learning rate or weight decay of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterGroup {
    /// Beginning of the parameters' names, for example `text_encoder` or `decoder.blocks.0`.
    pub prefix: String,
    /// What the learning rate is multiplied with; 0 freezes.
    #[serde(default = "one")]
    pub lr_scale: f64,
    /// Weight decay of matrices, vectors included when `decay_vectors`.
    #[serde(default)]
    pub weight_decay: Option<f64>,
    /// Whether norms and biases decay, too.
    #[serde(default)]
    pub decay_vectors: bool,
}

fn one() -> f64 {
    1.0
}

/// Where the network's input is cut from the stored square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CropKind {
    /// The middle (paper, reference code).
    Center,
    /// Anywhere (MGCA).
    Random,
}

/// Random changes to a training image; no flip, since left and right are words of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Largest rotation either way, in degrees. Reference code: 15.
    pub rotate: f64,
    /// Largest shear along the rows either way, in degrees. Reference code: 15.
    pub shear: f64,
    /// Largest change of scale either way, as a share.
    pub scale: f64,
    /// Largest shift either way, as a share of the side.
    pub shift: f64,
    /// Largest move of a corner inwards, as a share of half the side: torchvision's random
    /// perspective (paper; 0.5 is torchvision's default).
    pub perspective: f64,
    /// Largest change of brightness either way, on the scale of [0, 1].
    pub brightness: f64,
    /// Largest change of contrast either way, as a share. Reference code: 0.2.
    pub contrast: f64,
    /// Chance that the darkest value becomes 0 and the brightest 1 (paper: auto-contrast).
    pub auto_contrast: f64,
    /// Where the input is cut from the stored square.
    pub crop: CropKind,
}

/// What is written, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Steps between checkpoints; the last step, Ctrl-C and the clock make one, too.
    pub checkpoint_every: usize,
    /// Minutes between checkpoints; 0 leaves it to the steps.
    pub checkpoint_minutes: f64,
    /// Newest checkpoints kept; the best by `best` is kept beside them.
    pub keep: usize,
    /// The value of the validation by which `checkpoints/best` is chosen: a loss (lower is better)
    /// or a score (`recall_*`, `pointing_*`: higher is better).
    pub best: String,
    /// Steps between validations; 0 validates after each epoch, or at the end where an epoch is
    /// longer than the run.
    pub validate_every: usize,
    /// Studies validated on, at most; 0 validates nothing.
    pub validation_studies: usize,
    /// Fixed cases whose pseudo masks are drawn at every validation.
    pub pictures: usize,
    /// Write TensorBoard's event files.
    pub tensorboard: bool,
    /// Steps between two lines on standard error when it is no terminal.
    pub line_every: usize,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            pack: None,
            manifest: None,
            beside: None,
            beside_share: 0.2,
            split: "train".into(),
            validation_split: "val".into(),
            phantoms: 4096,
            phantom: PhantomConfig::default(),
            tokenizer: None,
            prefetch: 2,
        }
    }
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            alignment: 1.0,
            directions: Directions::Both,
            pixel: 1.0,
            dice: 0.5,
            bce: 0.5,
            dice_from: DiceFrom::Probabilities,
            reconstruction: ReconstructionKind::L1,
            local: 1.0,
            local_contrast: LocalContrast::default(),
            decoder_task: DecoderTask::PseudoMask,
            mask_control: MaskControl::None,
            pixel_warmup_steps: 200,
            mask_duplicates: true,
            masked_text_norm: true,
        }
    }
}

impl Default for OptimConfig {
    fn default() -> Self {
        Self {
            lr: 2e-4,
            min_lr: 1e-8,
            schedule: ScheduleKind::Cosine,
            restart_every: 200,
            warmup: 0.05,
            weight_decay: 1e-8,
            beta1: 0.9,
            beta2: 0.999,
            clip_norm: 1.0,
            groups: Vec::new(),
        }
    }
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self {
            rotate: 8.0,
            shear: 0.0,
            scale: 0.08,
            shift: 0.04,
            perspective: 0.0,
            brightness: 0.1,
            contrast: 0.2,
            auto_contrast: 0.0,
            crop: CropKind::Center,
        }
    }
}

impl AugmentConfig {
    /// The images as they are, cut from the middle.
    pub fn still() -> Self {
        Self {
            rotate: 0.0,
            shear: 0.0,
            scale: 0.0,
            shift: 0.0,
            perspective: 0.0,
            brightness: 0.0,
            contrast: 0.0,
            auto_contrast: 0.0,
            crop: CropKind::Center,
        }
    }

    /// Whether nothing changes but, perhaps, the place of the crop.
    pub fn is_still(&self) -> bool {
        Self { crop: CropKind::Center, ..self.clone() } == Self::still()
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            checkpoint_every: 100,
            checkpoint_minutes: 15.0,
            keep: 2,
            best: "total".into(),
            validate_every: 0,
            validation_studies: 100,
            pictures: 4,
            tensorboard: true,
            line_every: 10,
        }
    }
}
