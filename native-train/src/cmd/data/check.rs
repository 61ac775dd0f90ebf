//! `g2d data check`: are these packs still what they were?

use std::path::PathBuf;

use clap::Args;

use crate::{
    data::{
        pack::{
            Pack,
            check::{check, leaks},
            sheet::contact_sheet,
        },
        prepare::splits::leak_error,
    },
    files, output,
};

/// Options of `g2d data check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Packs; a patient may be in one split of all of them together
    #[arg(required = true, value_name = "DIR")]
    pub packs: Vec<PathBuf>,

    /// Write a PNG with films, the outlines of their bodies, and their names
    #[arg(long, value_name = "FILE.png")]
    pub sheet: Option<PathBuf>,

    /// Films on the sheet
    #[arg(
        long,
        value_name = "N",
        default_value_t = 24,
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub count: u32,
}

/// Does it.
///
/// # Errors
/// When a folder is no pack, a pack is damaged, or a patient is in two splits.
pub fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let mut packs: Vec<(String, Pack)> = Vec::new();
    let mut problems = 0;
    for folder in &args.packs {
        let (checked, pack) = check(folder)?;
        for problem in &checked.problems {
            output::warn(format_args!("{}: {problem}", folder.display()));
        }
        problems += checked.problems.len();
        output::json_line(&checked)?;
        packs.extend(pack.map(|pack| (folder.display().to_string(), pack)));
    }
    if let Some(path) = &args.sheet {
        let open: Vec<&Pack> =
            packs.iter().map(|(_, pack)| pack).filter(|p| !p.is_empty()).collect();
        if !open.is_empty() {
            files::write_atomic(path, &contact_sheet(&open, args.count as usize)?)?;
            output::say(format_args!("Contact sheet: {}", path.display()));
        }
    }
    let films = packs.iter().flat_map(|(name, pack)| {
        let place = if args.packs.len() > 1 { name.as_str() } else { "" };
        let film = move |row| {
            let row: &crate::data::pack::PackRow = row;
            (row.group.as_deref(), row.split.as_str(), row.id.as_str(), place)
        };
        pack.rows().iter().map(film)
    });
    leak_error(&leaks(films))?;
    if problems > 0 {
        return Err(g2d_core::Error::input(
            "G2D-F22",
            format!("{problems} problems were found"),
            "Copy the pack again, or make it again with `g2d data prepare`",
        )
        .into());
    }
    Ok(())
}
