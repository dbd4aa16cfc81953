//! How long the encoder takes for a question, on one thread, beside the bare multiplications of a network of its size in floats, by a library.
//!
//! `RAYON_NUM_THREADS=1 cargo bench --bench encoder`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and prints what it read"
)]

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use nape::app::assembly;
use nape::app::evaluation;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let before = resident();
    let started = Instant::now();
    let encoder = assembly::model(None)?.encoder;
    let loaded = started.elapsed();
    let rows = evaluation::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/eval").as_ref())
        .map_err(|exit| exit.lines.join("\n"))?;
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    for text in texts.iter().take(50) {
        let _ = encoder.read(text);
    }
    println!("loaded in {loaded:?}, {} MiB more memory", (resident() - before) / 1024);
    let read = spans(
        texts.iter().map(|text| {
            move |encoder: &nape::encoder::Encoder| {
                let _ = encoder.read(text);
            }
        }),
        &encoder,
    );
    println!(
        "{} texts of the evaluation set: p50 {:?}, p99 {:?}, most {:?}",
        read.len(),
        at(&read, 50),
        at(&read, 99),
        at(&read, 100)
    );
    let floor = floor()?;
    println!(
        "multiplications alone, 16 tokens: p50 {:?}; the encoder takes {:.1} times as long",
        at(&floor, 50),
        at(&read, 50).as_secs_f64() / at(&floor, 50).as_secs_f64()
    );
    Ok(())
}

fn spans<T>(works: impl Iterator<Item = impl Fn(&T)>, with: &T) -> Vec<Duration> {
    let mut spans: Vec<Duration> = works
        .map(|work| {
            let started = Instant::now();
            work(with);
            started.elapsed()
        })
        .collect();
    spans.sort_unstable();
    spans
}

/// The matrix products of three layers for 16 tokens in floats, and nothing else.
fn floor() -> candle_core::Result<Vec<Duration>> {
    let random = |rows, columns| Tensor::rand(-1f32, 1f32, (rows, columns), &Device::Cpu)?.to_dtype(DType::F32);
    let (tokens, wide) = (random(384, 16)?, random(1536, 16)?);
    let weights: Vec<[Tensor; 4]> = (0..3)
        .map(|_| Ok([random(1152, 384)?, random(384, 384)?, random(1536, 384)?, random(384, 1536)?]))
        .collect::<candle_core::Result<_>>()?;
    let products = |weights: &Vec<[Tensor; 4]>| {
        for [attend, merge, widen, narrow] in weights {
            let done = [attend.matmul(&tokens), merge.matmul(&tokens), widen.matmul(&tokens), narrow.matmul(&wide)];
            assert!(done.iter().all(Result::is_ok));
        }
    };
    Ok(spans((0..300).map(|_| products), &weights))
}

/// The part of the sorted spans, in percent, that is no longer.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// Memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0)
}
