//! Owns disks that can be harmed: one that a power cut can be tried on, and one that does as it is told.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(10);

/// Whether disks can be made here; says so if not. Whoever is root and cannot mount has a fault, and no excuse.
pub(crate) fn can_mount() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED: only root can mount a disk to harm");
    }
    root
}

fn run(program: &str, words: &[&Path]) {
    let output = Command::new(program).args(words).output();
    let output = output.unwrap_or_else(|e| panic!("{program} is not installed: {e}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {words:?}: {told}");
}

/// Something mounted; unmounted when dropped, whatever became of the test.
#[derive(Debug)]
struct Mount(PathBuf);

impl Mount {
    fn image(image: &Path, at: &Path) -> Self {
        fs::create_dir_all(at).expect("a mount point");
        run("mount", &[Path::new("-o"), Path::new("loop"), image, at]);
        let mount = Self(at.to_owned());
        assert!(mount.is_there(), "{} is not mounted", at.display());
        mount
    }

    fn is_there(&self) -> bool {
        let mounts = fs::read_to_string("/proc/self/mounts").expect("the mounts");
        let at = self.0.to_str().expect("a path");
        mounts
            .lines()
            .any(|line| line.split(' ').nth(1) == Some(at))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // whoever had files there may not be quite gone
        let began = Instant::now();
        while self.is_there() {
            let lazily = began.elapsed() > PATIENCE;
            let mut umount = Command::new("umount");
            if lazily {
                umount.arg("-l");
            }
            let _ = umount.arg(&self.0).stderr(Stdio::null()).status();
            if lazily {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A file system that a script in this folder serves, until it is dropped.
#[derive(Debug)]
struct Served {
    mount: Mount,
    server: Child,
}

impl Served {
    /// Serves `at` by the script, which is told what it serves, where, and the rest.
    fn start(script: &str, what: &Path, at: &Path, rest: &[&Path]) -> Self {
        fs::create_dir(at).expect("a mount point");
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/support")
            .join(script);
        let server = Command::new("/usr/bin/python3")
            .args([script.as_path(), what, at])
            .args(rest)
            .stdin(Stdio::null())
            .spawn()
            .expect("python3");
        let mount = Mount(at.to_owned());
        let began = Instant::now();
        while !mount.is_there() {
            assert!(
                began.elapsed() < PATIENCE,
                "FUSE mounts nothing; python3-fusepy and fuse3 are needed"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { mount, server }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.mount.0).status();
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What a power cut takes of what a disk was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cache {
    /// Nothing: what the file system has handed over is on the disk.
    None,
    /// Any half of the blocks that came after the last flush; see `volatile_disk.py`.
    Volatile,
}

/// An ext4 disk in an image that is copied in an instant: the copy is what a power cut leaves of it.
#[derive(Debug)]
pub(crate) struct CutDisk {
    // in the order of unmounting
    disk: Option<Mount>,
    cache: Option<Served>,
    _pool: Mount,
    folder: TempDir,
    cuts: u32,
}

impl CutDisk {
    pub(crate) fn new(cache: Cache) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        // files are sparse: they take what is written
        let image = |path: &Path, bytes| {
            let file = fs::File::create(path).expect("an image");
            file.set_len(bytes).expect("an image");
        };
        image(&at("pool.img"), 8 << 30);
        run(
            "mkfs.xfs",
            &[Path::new("-q"), Path::new("-mreflink=1"), &at("pool.img")],
        );
        let pool = Mount::image(&at("pool.img"), &at("pool"));
        image(&at("pool/disk.img"), 2 << 30);
        run("mkfs.ext4", &[Path::new("-qF"), &at("pool/disk.img")]);
        let cache = (cache == Cache::Volatile)
            .then(|| Served::start("volatile_disk.py", &at("pool/disk.img"), &at("cache"), &[]));
        let image = match cache {
            Some(_) => at("cache/disk.img"),
            None => at("pool/disk.img"),
        };
        let disk = Mount::image(&image, &at("disk"));
        Self {
            disk: Some(disk),
            cache,
            _pool: pool,
            folder,
            cuts: 0,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// What a power cut at this moment leaves.
    pub(crate) fn cut(&mut self) -> Cut {
        self.cuts += 1;
        let pool = self.folder.path().join("pool");
        let image = pool.join(format!("cut-{}.img", self.cuts));
        match &self.cache {
            Some(cache) => {
                let order = || {
                    let path = image.as_os_str().as_bytes();
                    fs::write(cache.mount.0.join("cut"), path).expect("a cut");
                };
                order();
                let began = Instant::now();
                while !image.exists() {
                    // nobody writes much
                    if began.elapsed() > Duration::from_secs(2) {
                        order();
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            None => run(
                "cp",
                &[
                    Path::new("--reflink=always"),
                    &pool.join("disk.img"),
                    &image,
                ],
            ),
        }
        let moment = fs::metadata(&image).and_then(|image| image.modified());
        let at = self.folder.path().join(format!("cut-{}", self.cuts));
        let mount = Mount::image(&image, &at);
        Cut {
            _mount: mount,
            image,
            at,
            moment: moment.expect("its time"),
        }
    }

    /// The file system finds itself damaged and becomes read-only, while it is written to.
    pub(crate) fn become_read_only(&self) {
        run("mount", &[Path::new("-oremount,abort"), &self.path()]);
    }

    /// Somebody mends it and mounts it anew.
    pub(crate) fn mend(&mut self) {
        let at = self.path();
        // who still looks at the old one is not waited for
        run("umount", &[Path::new("-l"), &at]);
        self.disk = None;
        let image = self.folder.path().join("pool/disk.img");
        // its loop device goes when the last file is closed; until then two would write one image
        let began = Instant::now();
        while is_in_use(&image) {
            assert!(
                began.elapsed() < PATIENCE,
                "the daemon keeps a file of the old disk open"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = Command::new("e2fsck")
            .arg("-fp")
            .arg(&image)
            .stdout(Stdio::null())
            .status();
        self.disk = Some(Mount::image(&image, &at));
    }
}

fn is_in_use(image: &Path) -> bool {
    let output = Command::new("losetup").arg("-j").arg(image).output();
    !output.expect("losetup").stdout.is_empty()
}

/// What a power cut left.
#[derive(Debug)]
pub(crate) struct Cut {
    _mount: Mount,
    image: PathBuf,
    pub(crate) at: PathBuf,
    /// When the power went.
    pub(crate) moment: SystemTime,
}

impl Drop for Cut {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.image);
    }
}

/// A disk that writes well, slowly, not at all, or with faults; see `sick_disk.py`.
#[derive(Debug)]
pub(crate) struct SickDisk {
    // in the order of ending
    _served: Served,
    folder: TempDir,
}

impl SickDisk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).expect("a folder");
        fs::write(at("manner"), "well").expect("a manner");
        let served = Served::start("sick_disk.py", &at("real"), &at("disk"), &[&at("manner")]);
        Self {
            _served: served,
            folder,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Where its files really are.
    pub(crate) fn real(&self) -> PathBuf {
        self.folder.path().join("real")
    }

    pub(crate) fn becomes(&self, manner: &str) {
        // in one step: the disk reads it at any time
        let new = self.folder.path().join("manner.new");
        fs::write(&new, manner).expect("a manner");
        fs::rename(&new, self.folder.path().join("manner")).expect("a manner");
    }
}

impl Drop for SickDisk {
    fn drop(&mut self) {
        self.becomes("well");
    }
}
