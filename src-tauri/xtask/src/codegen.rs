use crate::shell::{self, cargo};

/// The TypeScript of the wire: the test that compares it writes it instead.
pub fn codegen() -> anyhow::Result<()> {
    shell::run(
        cargo().args(["test", "--package", "wire", "--lib", "committed_typescript"]).env("CASEBOARD_CODEGEN", "1"),
    )
}
