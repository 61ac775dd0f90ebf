//! CLIP's attention pool on the projected /32 map; its attention is what the pseudo mask is made
//! of (the paper's Eq. 1 and 2).

use burn::{
    module::{Module, Param},
    nn::{Initializer, Linear, LinearConfig},
    tensor::{
        Device, Tensor,
        activation::softmax,
        module::interpolate,
        ops::{InterpolateMode, InterpolateOptions},
    },
};

/// Multi-head attention whose only query is the mean of the places.
#[derive(Module, Debug)]
pub struct AttentionPool {
    /// `[grid * grid + 1, d]`, the class token first.
    pub positional_embedding: Param<Tensor<2>>,
    /// d to heads x head_dim.
    pub q_proj: Linear,
    /// d to heads x head_dim.
    pub k_proj: Linear,
    /// d to heads x head_dim.
    pub v_proj: Linear,
    /// heads x head_dim to d.
    pub out_proj: Linear,
    heads: usize,
    grid: usize,
}

impl AttentionPool {
    /// A pool with fresh weights for maps of `grid` x `grid` places.
    pub fn new(d: usize, heads: usize, head_dim: usize, grid: usize, device: &Device) -> Self {
        let inner = heads * head_dim;
        // CLIP: positions start as normal numbers of deviation 1 / sqrt(d).
        let positions = Initializer::Normal { mean: 0.0, std: (d as f64).powf(-0.5) };
        Self {
            positional_embedding: positions.init([grid * grid + 1, d], device),
            q_proj: LinearConfig::new(d, inner).init(device),
            k_proj: LinearConfig::new(d, inner).init(device),
            v_proj: LinearConfig::new(d, inner).init(device),
            out_proj: LinearConfig::new(inner, d).init(device),
            heads,
            grid,
        }
    }

    /// The positional embedding for a map of `h` x `w` places, bilinear (half-pixel centres) where
    /// that is not the size it was trained at; the class token's row is kept.
    ///
    /// # Shapes
    /// - output: `[h * w + 1, d]`
    pub fn positions(&self, h: usize, w: usize) -> Tensor<2> {
        let all = self.positional_embedding.val();
        if h == self.grid && w == self.grid {
            return all;
        }
        let (g, d) = (self.grid, all.dims()[1]);
        let class = all.clone().narrow(0, 0, 1);
        let map = all.narrow(0, 1, g * g).reshape([1, g, g, d]).permute([0, 3, 1, 2]);
        let options = InterpolateOptions::new(InterpolateMode::Bilinear)
            .with_output_size([h, w])
            .with_align_corners(false);
        let map = interpolate(map, options).permute([0, 2, 3, 1]).reshape([h * w, d]);
        Tensor::cat(vec![class, map], 0)
    }

    /// Class token (the mean) and places, with their positions added.
    ///
    /// # Shapes
    /// - `x`: `[batch, d, h, w]`; output: `[batch, h * w + 1, d]`
    fn tokens(&self, x: Tensor<4>) -> Tensor<3> {
        let [b, d, h, w] = x.dims();
        let places = x.reshape([b, d, h * w]).swap_dims(1, 2);
        let class = places.clone().mean_dim(1);
        Tensor::cat(vec![class, places], 1) + self.positions(h, w).unsqueeze::<3>()
    }

    /// The pooled vector and where it looked.
    ///
    /// # Shapes
    /// - `x`: `[batch, d, h, w]`
    /// - output: `[batch, d]` and `[batch, heads, h, w]`; the class token's own column is left out,
    ///   so a head's map sums to at most 1
    pub fn forward(&self, x: Tensor<4>) -> (Tensor<2>, Tensor<4>) {
        let [b, d, h, w] = x.dims();
        let tokens = self.tokens(x);
        let n = h * w + 1;
        let inner = self.v_proj.weight.dims()[1];
        let head_dim = inner / self.heads;
        let split =
            |t: Tensor<3>, n: usize| t.reshape([b, n, self.heads, head_dim]).swap_dims(1, 2);
        let query = split(self.q_proj.forward(tokens.clone().narrow(1, 0, 1)), 1);
        let key = split(self.k_proj.forward(tokens.clone()), n);
        let value = split(self.v_proj.forward(tokens), n);
        let scores = query.matmul(key.swap_dims(2, 3)).div_scalar((head_dim as f64).sqrt());
        let weights = softmax(scores, 3);
        let context = weights.clone().matmul(value).swap_dims(1, 2).reshape([b, 1, inner]);
        let pooled = self.out_proj.forward(context).reshape([b, d]);
        let attention = weights.narrow(3, 1, h * w).reshape([b, self.heads, h, w]);
        (pooled, attention)
    }

    /// Every place through the value and output projections: what the pooled vector would be if
    /// the pool looked at that place alone (MaskCLIP, Zhou et al. 2022). These vectors, unlike the
    /// projected patches, live in the space that was trained against text.
    ///
    /// # Shapes
    /// - `x`: `[batch, d, h, w]`; output: `[batch, d, h, w]`
    pub fn values(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, d, h, w] = x.dims();
        let places = self.tokens(x).narrow(1, 1, h * w);
        let out = self.out_proj.forward(self.v_proj.forward(places));
        out.swap_dims(1, 2).reshape([b, d, h, w])
    }
}
