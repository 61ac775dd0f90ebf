//! The page.

fn main() {
    #[cfg(target_arch = "wasm32")]
    g2d_web::app::start();
}
