//! Copies of folders, to be hurt.

use std::fs;
use std::path::Path;

/// A folder and all in it, but for sockets.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    fs::set_permissions(to, fs::metadata(from).expect("it is there").permissions()).expect("it is ours");
    for entry in fs::read_dir(from).expect("the folder reads") {
        let entry = entry.expect("the folder reads");
        let (path, next) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("the folder reads");
        if kind.is_dir() {
            copy(&path, &next);
        } else if kind.is_file() {
            fs::copy(&path, &next).expect("there is room for a copy");
        }
    }
}
