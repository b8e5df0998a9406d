use history::measure::{Storm, append, append_bare};
fn main() {
    let n: usize = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(200_000);
    let objects: usize = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(10_000);
    let folder = std::path::PathBuf::from("/tmp/store-bench");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let storm = Storm { objects };
    let history = history::History::open(&folder.join("h.db"), Storm::cluster()).unwrap();
    println!("{:?}", append(&history, &storm, n));
    println!("{:?}", append_bare(&folder.join("bare.db"), &storm, n));
}
