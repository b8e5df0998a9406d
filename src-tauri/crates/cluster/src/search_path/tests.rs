#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// A shell that runs this as its profile.
fn shell(folder: &Path, profile: &str) -> PathBuf {
    let path = folder.join("shell");
    fs::write(&path, format!("#!/bin/sh\n{profile}\neval \"$3\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn folder_with(program: &str, folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join(program), "#!/bin/sh\n").unwrap();
    fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    bin
}

#[test]
fn a_profile_that_starts_something_in_the_background_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder_with("only-in-the-profile", folder.path());
    let pid = folder.path().join("pid");
    let profile = format!("/bin/sleep 1000 &\necho $! > '{}'\nexport PATH='{}'", pid.display(), bin.display());
    let search = SearchPath::with_shell(&shell(folder.path(), &profile));
    assert_eq!(search.find("only-in-the-profile"), Some(bin.join("only-in-the-profile")));
    let pid = fs::read_to_string(pid).unwrap();
    let _ = std::process::Command::new("kill").arg(pid.trim()).status();
}

#[test]
fn a_profile_that_says_more_than_a_pipe_holds_is_heard_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder_with("only-in-the-profile", folder.path());
    let profile = format!("/usr/bin/head -c 300000 /dev/zero | /usr/bin/tr '\\0' 'x'\nexport PATH='{}'", bin.display());
    let search = SearchPath::with_shell(&shell(folder.path(), &profile));
    assert_eq!(search.find("only-in-the-profile"), Some(bin.join("only-in-the-profile")));
}

#[test]
fn a_profile_that_never_ends_is_ended_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let profile = format!("/bin/sleep 1000 &\necho $! > '{}'\nwait", pid.display());
    let search = SearchPath::with_shell(&shell(folder.path(), &profile));
    assert_eq!(search.find("only-in-the-profile"), None);
    let pid = fs::read_to_string(pid).unwrap().trim().to_owned();
    let lives = || {
        let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap().stdout;
        !state.is_empty() && !state.starts_with(b"Z")
    };
    for _ in 0..500 {
        if !lives() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("`sleep` goes on");
}

#[test]
fn of_the_profiles_variables_those_of_clusters_are_taken_and_the_own_ones_win() {
    let folder = tempfile::tempdir().unwrap();
    let profile = "export PATH=/usr/bin:/bin KUBECONFIG=/a:/b HTTPS_PROXY=http://corp:3128 AWS_PROFILE=prod PRIVATE=x";
    let shell = shell(folder.path(), profile);
    let search = SearchPath::with_shell(&shell).started_with(&[("AWS_PROFILE", "own"), ("HOME", "/nowhere")]);
    let variable = |name: &str| search.variable(name).map(|value| value.into_string().unwrap());
    assert_eq!(variable("KUBECONFIG").as_deref(), Some("/a:/b"));
    assert_eq!(variable("AWS_PROFILE").as_deref(), Some("own"));
    assert_eq!(variable("PRIVATE"), None);
    let environment = search.environment();
    let of_child = |name: &str| environment.get(OsStr::new(name)).map(|value| value.to_str().unwrap());
    assert_eq!(of_child("HTTPS_PROXY"), Some("http://corp:3128"));
    assert_eq!((of_child("AWS_PROFILE"), of_child("PRIVATE")), (Some("own"), None));
    // What descends from a terminal has them, or has dropped them on purpose.
    let search = SearchPath { from_terminal: true, ..SearchPath::with_shell(&shell) };
    assert_eq!(search.variable("KUBECONFIG"), None);
}

#[test]
fn what_an_app_image_sets_for_itself_is_not_handed_on() {
    let given = [
        ("APPDIR", "/tmp/.mount_Case"),
        ("APPIMAGE", "/home/me/Caseboard.AppImage"),
        ("LD_LIBRARY_PATH", "/tmp/.mount_Case/usr/lib:/opt/lib"),
        ("GIO_EXTRA_MODULES", "/tmp/.mount_Case/usr/lib/gio/modules"),
        ("PYTHONHOME", "/tmp/.mount_Case/usr/"),
        ("XDG_DATA_DIRS", "/tmp/.mount_Case/usr/share::/usr/share"),
        ("PATH", "/tmp/.mount_Case/usr/bin:/usr/bin:/bin"),
        ("HTTPS_PROXY", "http://corp:3128"),
        ("OTHER", "/tmp/.mount_Cases/x"),
    ];
    let kept = without_bundle(given.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    let kept: Vec<(&str, &str)> =
        kept.iter().map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap())).collect();
    let expected = [
        ("HTTPS_PROXY", "http://corp:3128"),
        ("LD_LIBRARY_PATH", "/opt/lib"),
        ("OTHER", "/tmp/.mount_Cases/x"),
        ("PATH", "/usr/bin:/bin"),
        ("XDG_DATA_DIRS", "/usr/share"),
    ];
    assert_eq!(kept, expected);
    let unchanged = without_bundle(given[2..].iter().map(|(name, value)| ((*name).into(), (*value).into())));
    assert_eq!(unchanged.len(), given.len() - 2, "without an AppImage nothing is touched");
}
