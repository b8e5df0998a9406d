use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use model::Time;

use super::{kinds, parse};
use crate::{Error, Result};

/// A log beyond this is cut in the middle: how it began and how it ended are what is read.
const LOG_BYTES: usize = 2 << 20;
/// Anything else beyond this is not read.
const FILE_BYTES: u64 = 256 << 20;
/// All files together, unpacked: what bounds a small archive that unpacks to no end.
const BUNDLE_BYTES: u64 = 4 << 30;

/// One file of a bundle, by its path below the bundle's root.
#[derive(Clone)]
pub(super) struct File {
    pub path: String,
    pub modified: Option<Time>,
    pub bytes: Arc<Vec<u8>>,
    /// What is missing, in words.
    pub cut: Option<String>,
}

impl File {
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').collect()
    }
}

/// All files of a bundle, by path.
pub(super) struct Bundle {
    pub name: String,
    pub files: Vec<File>,
    /// How many files there are, read or not.
    pub present: usize,
    pub unread: Vec<(String, String)>,
    roots: usize,
}

impl Bundle {
    /// How many bundles the source holds.
    pub fn roots(&self) -> usize {
        self.roots
    }

    /// What `version.yaml` says, else the youngest modification time of a file.
    pub fn collected_at(&self) -> Time {
        let said = self.files.iter().find(|f| f.path == "version.yaml").and_then(|file| {
            let version = parse::yaml(&file.text()).ok()?.into_iter().next()?;
            parse::time(version.pointer("/metadata/creationTimestamp")?)
        });
        said.or_else(|| self.files.iter().filter_map(|f| f.modified).max()).unwrap_or_default()
    }
}

pub(super) fn read(path: &Path) -> Result<Bundle> {
    let metadata = fs::metadata(path).map_err(|cause| store(path, &cause))?;
    let mut found = Found::default();
    if metadata.is_dir() {
        let root = path.canonicalize().map_err(|cause| store(path, &cause))?;
        found.folder(&root, &root);
    } else {
        found.archive(path)?;
    }
    Ok(found.bundle(path))
}

fn store(path: &Path, cause: &io::Error) -> Error {
    Error::Store { act: "read the support bundle", path: path.display().to_string(), cause: cause.to_string() }
}

#[derive(Default)]
struct Found {
    files: Vec<File>,
    present: usize,
    unread: Vec<(String, String)>,
    bytes: u64,
}

impl Found {
    fn folder(&mut self, root: &Path, folder: &Path) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(cause) => {
                self.unread.push((relative(root, folder), format!("the folder could not be opened: {cause}")));
                return;
            }
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let name = relative(root, &path);
            // Troubleshoot links pod logs into place. A link that leads out of the bundle is not followed.
            match path.canonicalize() {
                Ok(target) if !target.starts_with(root) => {
                    self.present += 1;
                    self.unread.push((name, "a link that leads out of the bundle is not followed".into()));
                }
                Ok(target) if target.is_dir() => {
                    if path.is_symlink() {
                        self.unread.push((name, "a link to a folder is not followed".into()));
                    } else {
                        self.folder(root, &path);
                    }
                }
                Ok(target) => {
                    let modified = fs::metadata(&target).and_then(|m| m.modified()).ok().and_then(since_epoch);
                    match fs::File::open(&target) {
                        Ok(file) => self.file(name, modified, file),
                        Err(cause) => self.refuse(name, format!("it could not be opened: {cause}")),
                    }
                }
                Err(cause) => self.refuse(name, format!("it could not be found: {cause}")),
            }
        }
    }

    fn archive(&mut self, path: &Path) -> Result<()> {
        let mut file = fs::File::open(path).map_err(|cause| store(path, &cause))?;
        let mut magic = [0u8; 4];
        let got = file.read(&mut magic).map_err(|cause| store(path, &cause))?;
        let start = io::Cursor::new(magic[..got].to_vec()).chain(file);
        let reader: Box<dyn Read> = match magic {
            [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(start)),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                let mut decoder = zstd::Decoder::new(start).map_err(|cause| store(path, &cause))?;
                decoder.window_log_max(30).map_err(|cause| store(path, &cause))?;
                Box::new(decoder)
            }
            _ => Box::new(start),
        };
        let mut links: Vec<(String, String)> = Vec::new();
        if let Err(cause) = self.entries(reader, &mut links) {
            if self.files.is_empty() {
                return Err(Error::Damaged {
                    path: path.display().to_string(),
                    why: format!("it is not a tar archive, or it is cut: {cause}"),
                    hint: "Give a folder, a .tar.gz or a .tar.zst of a support bundle".into(),
                });
            }
            self.unread
                .push((file_name(path), format!("the archive ends early, the files before that were read: {cause}")));
        }
        let by_path: BTreeMap<String, File> = self.files.iter().map(|f| (f.path.clone(), f.clone())).collect();
        for (name, target) in links {
            match by_path.get(&target) {
                Some(file) => {
                    self.present += 1;
                    self.files.push(File { path: name, ..file.clone() });
                }
                None => self.refuse(name, "a link to a file that is not in the archive".into()),
            }
        }
        Ok(())
    }

    fn entries(&mut self, reader: Box<dyn Read>, links: &mut Vec<(String, String)>) -> io::Result<()> {
        let mut archive = tar::Archive::new(reader);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let Some(name) = plain(&entry.path()?) else { continue };
            let kind = entry.header().entry_type();
            if kind.is_file() {
                let modified = entry.header().mtime().ok().and_then(|s| i64::try_from(s).ok()).map(Time::from_seconds);
                self.file(name, modified, &mut entry);
            } else if kind.is_symlink() || kind.is_hard_link() {
                let Some(target) = entry.link_name()? else { continue };
                let beside = Path::new(&name).parent().unwrap_or(Path::new(""));
                let target = if kind.is_symlink() { beside.join(&target) } else { target.into_owned() };
                links.push((name, plain(&target).unwrap_or_default()));
            }
        }
        Ok(())
    }

    fn refuse(&mut self, name: String, why: String) {
        self.present += 1;
        self.unread.push((name, why));
    }

    fn file(&mut self, path: String, modified: Option<Time>, reader: impl Read) {
        if is_litter(&path) {
            return;
        }
        self.present += 1;
        if self.bytes > BUNDLE_BYTES {
            self.unread.push((path, format!("the bundle unpacks to more than {} GiB", BUNDLE_BYTES >> 30)));
            return;
        }
        let is_log = path.ends_with(".log");
        let read = if is_log { ends(reader, LOG_BYTES) } else { whole(reader) };
        match read {
            Ok((bytes, cut)) => {
                self.bytes += bytes.len() as u64;
                self.files.push(File { path, modified, bytes: Arc::new(bytes), cut });
            }
            Err(cause) => self.unread.push((path, cause.to_string())),
        }
    }

    /// Strips the folder that the bundle sits in.
    fn bundle(mut self, path: &Path) -> Bundle {
        let depths = self.files.iter().filter_map(|f| {
            let segments = f.segments();
            let at = segments.iter().position(|s| kinds::ROOT_MARKS.contains(s))?;
            Some(segments[..at].join("/"))
        });
        let all: BTreeSet<String> = depths.collect();
        let least = all.iter().map(|root| if root.is_empty() { 0 } else { root.split('/').count() }).min();
        let roots: Vec<&String> = all
            .iter()
            .filter(|root| Some(if root.is_empty() { 0 } else { root.split('/').count() }) == least)
            .collect();
        let strip = match roots[..] {
            [root] if !root.is_empty() => format!("{root}/"),
            _ => String::new(),
        };
        let roots = roots.len();
        for file in &mut self.files {
            if let Some(rest) = file.path.strip_prefix(&strip) {
                file.path = rest.to_owned();
            }
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        Bundle { name: file_name(path), files: self.files, present: self.present, unread: self.unread, roots }
    }
}

/// What archivers and file managers leave behind.
fn is_litter(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("._") || name == ".DS_Store" || path.starts_with("__MACOSX/")
}

/// A path with `.` and `..` resolved, `/` between its parts; `None` where it leads out.
fn plain(path: &Path) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).ok().and_then(plain).unwrap_or_else(|| ".".into())
}

fn file_name(path: &Path) -> String {
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = resolved.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_else(|| "bundle".into());
    let stem = [".tar.gz", ".tgz", ".tar.zst", ".tar"].into_iter().find_map(|end| name.strip_suffix(end));
    stem.unwrap_or(&name).to_owned()
}

fn since_epoch(time: std::time::SystemTime) -> Option<Time> {
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Time::from_seconds(i64::try_from(since.as_secs()).ok()?))
}

fn whole(reader: impl Read) -> io::Result<(Vec<u8>, Option<String>)> {
    let mut bytes = Vec::new();
    reader.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(io::Error::other(format!("it is larger than {} MiB", FILE_BYTES >> 20)));
    }
    Ok((bytes, None))
}

/// The first and the last half of `most`, cut at line ends, with a line between them that says what is missing.
fn ends(mut reader: impl Read, most: usize) -> io::Result<(Vec<u8>, Option<String>)> {
    let half = most / 2;
    let mut kept = Vec::new();
    reader.by_ref().take(most as u64).read_to_end(&mut kept)?;
    if kept.len() < most {
        return Ok((kept, None));
    }
    let mut tail: Vec<u8> = kept.split_off(half);
    let mut dropped = 0usize;
    let mut piece = vec![0u8; 1 << 16];
    let mut grew = false;
    loop {
        let got = reader.read(&mut piece)?;
        if got == 0 {
            break;
        }
        grew = true;
        tail.extend_from_slice(&piece[..got]);
        if tail.len() > 2 * half {
            let over = tail.len() - half;
            tail.drain(..over);
            dropped += over;
        }
    }
    if !grew {
        kept.extend_from_slice(&tail);
        return Ok((kept, None));
    }
    if tail.len() > half {
        let over = tail.len() - half;
        tail.drain(..over);
        dropped += over;
    }
    if let Some(end) = kept.iter().rposition(|b| *b == b'\n') {
        dropped += kept.len() - end - 1;
        kept.truncate(end + 1);
    }
    if let Some(start) = tail.iter().position(|b| *b == b'\n') {
        dropped += start + 1;
        tail.drain(..=start);
    }
    let cut = format!("{dropped} bytes in the middle were left out");
    kept.extend_from_slice(format!("[{cut}]\n").as_bytes());
    kept.extend_from_slice(&tail);
    Ok((kept, Some(cut)))
}
