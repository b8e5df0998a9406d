use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use ts_rs::{Config, TS, TypeVisitor};

use crate::router::COMMANDS;
use crate::rows::Update;

/// Collects the declarations of types and of everything they mention.
pub(crate) struct Types {
    config: Config,
    seen: HashSet<TypeId>,
    declarations: BTreeMap<String, String>,
}

impl Types {
    pub(crate) fn add<T: TS + 'static + ?Sized>(&mut self) {
        self.visit::<T>();
    }
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only named types have a file of their own; primitives, lists and options are written where they are used.
        if <T as TS>::output_path().is_some() {
            let mut text = String::new();
            if let Some(docs) = <T as TS>::docs() {
                text.push_str(&docs);
            }
            let _ = writeln!(text, "export {}", T::decl(&self.config));
            self.declarations.insert(T::ident(&self.config), text);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// The TypeScript of the wire: every type, then the commands with their request, response and cache tags.
pub fn typescript() -> String {
    let config = || Config::new().with_large_int("number");
    let mut types = Types { config: config(), seen: HashSet::new(), declarations: BTreeMap::new() };
    for command in COMMANDS {
        (command.types)(&mut types);
    }
    types.add::<Update>();
    types.add::<crate::WireError>();

    let config = config();
    let mut out = String::from(
        "// Generated from the Rust types by `cargo xtask codegen`; do not edit. A test fails when it is out of date.\n\n",
    );
    for declaration in types.declarations.values() {
        out.push_str(declaration);
        out.push('\n');
    }
    out.push_str("/** Request and response of every command, by its name. */\nexport type Commands = {\n");
    for command in COMMANDS {
        for line in command.doc.lines().filter(|l| !l.trim().is_empty()) {
            let _ = writeln!(out, "  /** {} */", line.trim());
        }
        let _ = writeln!(
            out,
            "  {}: {{ request: {}; response: {} }};",
            command.name,
            (command.request)(&config),
            (command.response)(&config)
        );
    }
    out.push_str(
        "};\n\n/** Cache tags: what an answer depends on, and what a command makes stale. */\nexport const tags = {\n",
    );
    for command in COMMANDS {
        let list = |tags: &[&str]| tags.iter().map(|t| format!("\"{t}\"")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            out,
            "  {}: {{ reads: [{}], changes: [{}] }},",
            command.name,
            list(command.reads),
            list(command.changes)
        );
    }
    out.push_str(
        "} as const satisfies Record<keyof Commands, { reads: readonly string[]; changes: readonly string[] }>;\n",
    );
    out
}

#[cfg(test)]
mod tests {
    /// `CASEBOARD_CODEGEN=1 cargo test -p wire` (what `cargo xtask codegen` runs) writes the file instead of comparing.
    #[test]
    fn committed_typescript_is_what_the_rust_types_say() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/wire/wire.ts");
        let now = super::typescript();
        if std::env::var_os("CASEBOARD_CODEGEN").is_some() {
            std::fs::create_dir_all(path.parent().expect("has a parent")).expect("the folder can be made");
            std::fs::write(&path, &now).expect("the file can be written");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == now, "`ui/src/wire/wire.ts` is out of date; run `cargo xtask codegen`");
    }
}
