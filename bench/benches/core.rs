//! What core costs for one record: splitting a stream into elements, and reading the fields that a flow needs.
//!
//! `cargo bench -p kivuko-bench --bench core`

use bytes::Bytes;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use kivuko_bench::sample;
use kivuko_core::path::SourcePath;
use kivuko_core::projection::Projection;
use kivuko_core::split::Splitter;

/// As many as a page holds.
const CASES: u64 = 1_000;
/// How a network hands them over.
const CHUNK: usize = 64 << 10;

fn main() {
    divan::main();
}

fn page() -> Vec<Bytes> {
    (0..CASES).map(|number| sample::case(number).to_string().into()).collect()
}

fn total(page: &[Bytes]) -> BytesCount {
    BytesCount::new(page.iter().map(Bytes::len).sum::<usize>())
}

#[divan::bench]
fn split_an_array_of_1000_cases(bencher: Bencher<'_, '_>) {
    let stream = sample::cases(CASES);
    bencher.counter(BytesCount::new(stream.len())).counter(ItemsCount::new(CASES)).bench_local(|| {
        let mut splitter = Splitter::array();
        let mut elements = Vec::new();
        let mut count = 0;
        for chunk in stream.as_bytes().chunks(CHUNK) {
            splitter.feed(black_box(chunk), &mut elements).expect("the stream is well formed");
            count += elements.drain(..).map(black_box).count();
        }
        splitter.finish(&mut elements).expect("the stream is complete");
        count
    });
}

#[divan::bench]
fn parse_and_project_1000_cases(bencher: Bencher<'_, '_>) {
    let paths: Vec<SourcePath> = sample::PATHS.iter().map(|path| SourcePath::parse(path).expect("a path")).collect();
    let projection = Projection::new(&paths);
    let page = page();
    bencher.counter(total(&page)).counter(ItemsCount::new(CASES)).bench_local(|| {
        for raw in &page {
            black_box(projection.project(black_box(raw)).expect("a case is JSON"));
        }
    });
}

#[divan::bench]
fn parse_whole_1000_cases_for_comparison(bencher: Bencher<'_, '_>) {
    let projection = Projection::everything();
    let page = page();
    bencher.counter(total(&page)).counter(ItemsCount::new(CASES)).bench_local(|| {
        for raw in &page {
            black_box(projection.project(black_box(raw)).expect("a case is JSON"));
        }
    });
}
