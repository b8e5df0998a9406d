/// The desk with its playground: what answers the commands.
pub struct Workbench {}
