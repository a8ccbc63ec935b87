//! One contestant, one problem, one process: see `benches::judge`.

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    benches::run_as_child(&arguments, &ALLOCATOR);
}
