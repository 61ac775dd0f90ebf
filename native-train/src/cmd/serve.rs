//! `g2d serve`: this machine's devices for trainings on others.

use std::net::SocketAddr;

use clap::Args;

/// Options of `g2d serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// auto, cpu, wgpu or cuda[:i]; several with commas, all of one kind
    #[arg(long, value_name = "DEVICE[,DEVICE…]", default_value = "auto")]
    pub device: String,

    /// Address to listen on; port 0 takes any free one. Other machines reach only addresses of the
    /// network, and those need a token in the environment variable G2D_REMOTE_TOKEN, here and there
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
}

/// Serves until Ctrl-C; the one line on standard output is the address to train on.
///
/// # Errors
/// When the address is taken, a device is not there, or this build cannot serve.
#[cfg(feature = "remote")]
pub fn run(args: &ServeArgs) -> anyhow::Result<()> {
    use anyhow::{Context as _, bail};
    use burn::server::{RemoteServer, TokenAuthorizer, WebSocketTransport};

    use crate::{device, output};

    let token = device::remote_token();
    if !args.listen.ip().is_loopback() && token.is_none() {
        bail!(
            "{} can be reached from other machines, and whoever reaches it can use the device; set \
             {} to a secret, here and where `g2d train` runs",
            args.listen,
            device::TOKEN_VARIABLE
        );
    }
    let opened = device::open_all(&args.device)?;
    for (_, info) in &opened {
        output::say(format_args!("serving {} ({}; {})", info.backend, info.name, info.reason));
    }
    let listener = std::net::TcpListener::bind(args.listen)
        .with_context(|| format!("{} cannot be listened on", args.listen))?;
    let address = listener.local_addr()?;
    let mut server = RemoteServer::new(opened.into_iter().map(|(device, _)| device));
    match token {
        Some(token) => {
            server = server.with_authorizer(
                TokenAuthorizer::new(token).ok().context("The token is empty; choose a secret")?,
            );
        }
        None => output::warn("no token is set: every program of this machine may connect"),
    }
    output::warn("the connection is not encrypted; use it in a network that you trust");
    output::line(format_args!("remote:ws://{address}"))?;
    server
        .serve(WebSocketTransport::from_listener(listener))
        .map_err(|e| anyhow::anyhow!("The server stopped: {e}"))
}

/// The refusal of a build without remote devices.
///
/// # Errors
/// Always.
#[cfg(not(feature = "remote"))]
pub fn run(_args: &ServeArgs) -> anyhow::Result<()> {
    Err(crate::device::not_built("remote").into())
}
