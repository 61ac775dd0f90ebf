//! The hidden states of a text encoder that is not trained, computed once for each text.
//!
//! Such an encoder says the same of a text in every step, and a data set says the same sentences
//! again and again. Each text runs by itself, without padding, so that what is remembered does not
//! depend on the batch that it came in: a resumed run computes the same numbers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use burn::{
    module::Module as _,
    tensor::{Device, Tensor, TensorData},
};
use g2d_core::{config::BertConfig, model::G2d, session::token_tensors, text::TokenBatch};
use rayon::prelude::*;

/// Texts by their tokens, padding left out; `[tokens, width]` each.
#[derive(Debug, Default)]
pub(super) struct FrozenText {
    known: Mutex<Known>,
}

/// What is remembered, and how many numbers that is.
#[derive(Debug, Default)]
struct Known {
    states: HashMap<Vec<u32>, Arc<Vec<f32>>>,
    numbers: usize,
}

/// Numbers remembered at most: 4 GiB. Texts beyond are computed each time, with the same result.
const MOST: usize = 1 << 30;

impl FrozenText {
    /// A memory for an encoder of which no part is trained; none for others.
    pub(super) fn of(config: &BertConfig) -> Option<Arc<Self>> {
        let frozen = config.freeze_embeddings && config.frozen_layers == config.num_hidden_layers;
        frozen.then(Arc::default)
    }

    /// Hidden states of a batch, 0 at the padding.
    ///
    /// # Shapes
    /// - output: `[texts, tokens, width]`, on `device`
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn states(
        &self,
        model: &G2d,
        batch: &TokenBatch,
        device: &Device,
    ) -> Result<Tensor<3>> {
        let keys: Vec<Vec<u32>> = batch.ids.iter().zip(&batch.mask).map(read).collect();
        let mut missing: Vec<&Vec<u32>> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            keys.iter().filter(|key| !known.states.contains_key(*key)).collect()
        };
        missing.sort_unstable();
        missing.dedup();
        let mut fresh: HashMap<Vec<u32>, Arc<Vec<f32>>> = HashMap::new();
        if !missing.is_empty() {
            let encoder = model.text_encoder.valid();
            let inner = device.clone().inner();
            let found = missing
                .par_iter()
                .map(|key| {
                    let one =
                        TokenBatch { ids: vec![key.to_vec()], mask: vec![vec![1; key.len()]] };
                    let (ids, mask) = token_tensors(&one, &inner);
                    let states = encoder.forward(ids, mask).into_data().convert::<f32>();
                    Ok((key.to_vec(), Arc::new(states.try_into_vec::<f32>()?)))
                })
                .collect::<Result<Vec<_>, burn::tensor::DataError>>()?;
            fresh.extend(found);
        }
        let (rows, tokens) = (keys.len(), batch.ids.first().map_or(0, Vec::len));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |key| known.states.get(key).or_else(|| fresh.get(key)).cloned();
        let states: Vec<Arc<Vec<f32>>> = keys.iter().filter_map(of).collect();
        for (key, states) in fresh {
            if known.numbers + states.len() <= MOST {
                known.numbers += states.len();
                known.states.insert(key, states);
            }
        }
        drop(known);
        let longest = keys.iter().zip(&states).find(|(key, _)| !key.is_empty());
        let width = longest.map_or(0, |(key, states)| states.len() / key.len());
        let mut all = vec![0f32; rows * tokens * width];
        for (row, states) in all.chunks_mut((tokens * width).max(1)).zip(&states) {
            row[..states.len()].copy_from_slice(states);
        }
        Ok(Tensor::from_data(TensorData::new(all, [rows, tokens, width]), device))
    }
}

/// The tokens that are read; they stand before the padding.
fn read((ids, mask): (&Vec<u32>, &Vec<u32>)) -> Vec<u32> {
    ids.iter().zip(mask).filter(|(_, read)| **read == 1).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tolerance;
    use g2d_core::config::G2dConfig;

    use super::*;

    #[test]
    fn remembered_states_are_those_of_the_encoder() {
        let mut config = G2dConfig::tiny();
        config.text.vocab_size = 30;
        config.text.frozen_layers = config.text.num_hidden_layers;
        assert!(FrozenText::of(&config.text).is_none(), "its tables are trained");
        config.text.freeze_embeddings = true;
        let memory = FrozenText::of(&config.text).unwrap();
        let device = Device::flex().autodiff();
        let model = G2d::new(&config, &device).unwrap();
        let batch = TokenBatch {
            ids: vec![vec![1, 5, 6, 2], vec![1, 7, 2, 0]],
            mask: vec![vec![1; 4], vec![1, 1, 1, 0]],
        };
        let (ids, mask) = token_tensors(&batch, &device);
        let whole = model.text_encoder.valid();
        let inner = device.clone().inner();
        let direct = whole.forward(ids.to_device(&inner), mask.clone().to_device(&inner));
        let mask = mask.to_device(&inner).reshape([2, 4, 1]);
        // The second model is another one: what is remembered is not computed again.
        let other = G2d::new(&config, &device).unwrap();
        for model in [&model, &other] {
            let states = memory.states(model, &batch, &device).unwrap();
            states.inner().into_data().assert_approx_eq::<f32>(
                &(direct.clone() * mask.clone()).into_data(),
                Tolerance::absolute(1e-5),
            );
            assert_eq!(memory.known.lock().unwrap().states.len(), 2);
        }
    }
}
