//! The worker that owns the model.

fn main() {
    #[cfg(target_arch = "wasm32")]
    g2d_web::worker::start();
}
