//! File systems of which the kernel or a watchdog says in an Event that they are damaged.

use crate::found::Found;
use crate::json::short;
use crate::scene::Scene;

/// In the words of the kernel and of `fsck`.
const DAMAGE: &[&str] =
    &["ext4-fs error", "xfs_force_shutdown", "structure needs cleaning", "remounting filesystem read-only"];

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (owner, told) in scene.all_events() {
        // Failed mounts are told by themselves.
        let mount = matches!(told.event.reason.as_str(), "FailedMount" | "FailedMapVolume");
        let message = told.event.message.to_ascii_lowercase();
        if mount || !DAMAGE.iter().any(|words| message.contains(words)) {
            continue;
        }
        found
            .fact("volume_filesystem_damaged", owner)
            .arg("volume", "")
            .arg("message", short(&told.event.message, 240))
            .since(told.event.first_at)
            .because(told.id)
            .says(format!("the file system under {} is damaged: {}", owner.name, short(&told.event.message, 160)));
    }
}

#[cfg(test)]
mod tests {
    use crate::sketch::{Sketch, has};

    fn told(reason: &str, message: &str) -> bool {
        let facts = Sketch::new().deployment("cart").event("Pod/shop/cart-abc-1", reason, message).facts();
        has(&facts, "volume_filesystem_damaged")
    }

    #[test]
    fn the_kernel_s_own_words_about_a_file_system_are_damage() {
        assert!(told("FilesystemIsDamaged", "EXT4-fs error (device sdf): ext4_lookup:1855: inode #262"));
        assert!(!told("Pulled", "Successfully pulled image"));
    }
}
