//! TensorBoard's event files: records of length, checksum, protocol buffer, checksum.
//!
//! Scalars, pictures and the mark of a restart are all that a run writes, so the few messages are
//! put together by hand; the crates that know them all need a protocol compiler to build. Field
//! numbers: tensorflow/core/util/event.proto and core/framework/summary.proto; framing:
//! tsl/lib/io/record_writer.h.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};

/// Added to rotated checksums, so that the checksum of data with checksums inside is not weak.
const MASK_DELTA: u32 = 0xa282_ead8;

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(MASK_DELTA)
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Field numbers and wire types of protocol buffers.
fn key(field: u64, wire: u64, out: &mut Vec<u8>) {
    varint(field << 3 | wire, out);
}

fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    key(field, 2, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    key(field, 0, out);
    varint(value, out);
}

/// An `Event` of this moment; `what` appends its one payload field.
fn event(step: usize, wall_time: f64, what: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    key(1, 1, &mut out);
    out.extend_from_slice(&wall_time.to_le_bytes());
    number(2, step as u64, &mut out);
    what(&mut out);
    out
}

fn record(event: &[u8]) -> Vec<u8> {
    let length = (event.len() as u64).to_le_bytes();
    let mut out = length.to_vec();
    out.extend_from_slice(&masked_crc(&length).to_le_bytes());
    out.extend_from_slice(event);
    out.extend_from_slice(&masked_crc(event).to_le_bytes());
    out
}

fn scalar_value(tag: &str, value: f32) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(1, tag.as_bytes(), &mut out);
    key(2, 5, &mut out);
    out.extend_from_slice(&value.to_le_bytes());
    out
}

fn picture_value(tag: &str, width: usize, height: usize, png: &[u8]) -> Vec<u8> {
    let mut image = Vec::new();
    number(1, height as u64, &mut image);
    number(2, width as u64, &mut image);
    // One channel: grey.
    number(3, 1, &mut image);
    bytes(4, png, &mut image);
    let mut out = Vec::new();
    bytes(1, tag.as_bytes(), &mut out);
    bytes(4, &image, &mut out);
    out
}

fn summary(values: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|value| bytes(1, value, &mut out));
    out
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// An open event file.
pub(super) struct EventFile {
    file: BufWriter<File>,
}

impl EventFile {
    /// Starts a new file in a folder. What earlier files of the folder say of `step` and later is
    /// void from here on: a resumed run makes those steps again.
    pub(super) fn create(folder: &Path, step: usize) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (seconds, mut n) = (now() as u64, 0);
        let file = loop {
            // TensorBoard looks for this word and sorts by name.
            let name = format!("events.out.tfevents.{seconds:010}.g2d.{n}");
            match File::options().write(true).create_new(true).open(folder.join(name)) {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => n += 1,
                other => break other,
            }
        };
        let file = file.with_context(|| format!("{} cannot be written", folder.display()))?;
        let mut events = Self { file: BufWriter::new(file) };
        events.write(&event(0, now(), |out| bytes(3, b"brain.Event:2", out)))?;
        if step > 0 {
            // SessionLog with the status START.
            events.write(&event(step, now(), |out| bytes(7, &[0x08, 0x01], out)))?;
        }
        Ok(events)
    }

    fn write(&mut self, event: &[u8]) -> Result<()> {
        self.file.write_all(&record(event)).context("TensorBoard's events cannot be written")
    }

    /// Values of a step by name.
    pub(super) fn scalars<'a>(
        &mut self,
        step: usize,
        values: impl Iterator<Item = (&'a str, f64)>,
    ) -> Result<()> {
        let values: Vec<_> = values.map(|(tag, v)| scalar_value(tag, v as f32)).collect();
        self.write(&event(step, now(), |out| bytes(5, &summary(&values), out)))
    }

    /// A picture of a step.
    pub(super) fn picture(
        &mut self,
        step: usize,
        tag: &str,
        (width, height): (usize, usize),
        png: &[u8],
    ) -> Result<()> {
        let value = picture_value(tag, width, height, png);
        self.write(&event(step, now(), |out| bytes(5, &summary(&[value]), out)))
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) -> Result<()> {
        Ok(self.file.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_what_tensorboard_writes() {
        // tensorboard.compat.proto.event_pb2.Event(wall_time=1.5, step=300, summary=Summary(
        //   value=[Summary.Value(tag="a", simple_value=2.0)])).SerializeToString().hex()
        let got = event(300, 1.5, |out| bytes(5, &summary(&[scalar_value("a", 2.0)]), out));
        let hex: String = got.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "09000000000000f83f10ac022a0a0a080a01611500000040");
    }

    #[test]
    fn checksums_are_masked_as_in_the_record_format() {
        // crc32c of eight zero bytes is 0x8c28b28a, rotated and shifted by the rule.
        assert_eq!(crc32c::crc32c(&[0; 8]), 0x8c28_b28a);
        let expected = 0x8c28_b28a_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked_crc(&[0; 8]), expected);
        let framed = record(b"abc");
        assert_eq!(framed.len(), 8 + 4 + 3 + 4);
        assert_eq!(framed[..8], 3u64.to_le_bytes());
    }
}
