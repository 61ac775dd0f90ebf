//! Starting weights from the files of other libraries: a ResNet of torchvision, a BERT of Hugging
//! Face.
//!
//! | module | does |
//! |---|---|
//! | [`state_dict`] | names, shapes and numbers of `.pth`, `.bin` and `.safetensors` files |
//! | [`network`] | finds a network in a state dict, whatever stands in front of its names |
//! | [`torchvision`], [`hf_bert`] | which network it is, and which tensor goes where |
//! | [`hf_files`], [`vocab`] | the files of a Hugging Face folder; `tokenizer.json` from `vocab.txt` |
//! | [`prune`], [`words`] | a smaller vocabulary, and the words that it keeps |
//! | [`bundle`] | the folder of starting weights, written and read |
//! | [`verify`] | loads what was written into the core's modules and compares |
//!
//! The tensors are copied number by number; f16, bf16 and f64 become f32. Of the word table rows may
//! be left out, and of a BERT its last layers.

pub mod bundle;
pub mod hf_bert;
pub mod hf_files;
pub mod network;
pub mod prune;
pub mod state_dict;
pub mod torchvision;
pub mod verify;
pub mod vocab;
pub mod words;

pub use bundle::StartBundle;
