//! From the names of torchvision, segmentation_models_pytorch and Hugging Face to ours.
//!
//! The modules carry those libraries' names already; what is left are the numbered children of
//! PyTorch's `Sequential`, the word `self`, and the capitals of `LayerNorm`.

/// Pairs of a regular expression and its replacement, applied in order to every name.
pub const FROM_PYTORCH: [(&str, &str); 8] = [
    (r"\.downsample\.0\.", ".downsample.conv."),
    (r"\.downsample\.1\.", ".downsample.bn."),
    (r"^(decoder\.blocks\.\d+\.conv[12])\.0\.", "$1.conv."),
    (r"^(decoder\.blocks\.\d+\.conv[12])\.1\.", "$1.bn."),
    (r"^segmentation_head\.0\.", "segmentation_head."),
    (r"^(image_projector|text_projector|local_head)\.0\.", "$1.conv1."),
    (r"^(image_projector|text_projector|local_head)\.1\.", "$1.norm."),
    (r"^(image_projector|text_projector|local_head)\.3\.", "$1.conv2."),
];

/// The same for the text encoder.
pub const FROM_HUGGING_FACE: [(&str, &str); 2] =
    [(r"\.attention\.self\.", ".attention.self_attention."), (r"\.LayerNorm\.", ".layer_norm.")];
