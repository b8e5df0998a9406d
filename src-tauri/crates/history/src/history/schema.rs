//! The tables of observations: the same in a cluster's history and in a `.case` file.

/// Format 1: one wide row for each observation, every name written out. Kept so that old files open.
macro_rules! tables_1 {
    () => {
        "
        CREATE TABLE observations (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            at INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            source TEXT NOT NULL,
            type TEXT NOT NULL,
            kind TEXT,
            namespace TEXT,
            name TEXT,
            encoding INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX observations_at ON observations (at, seen_at, seq);
        CREATE INDEX observations_subject ON observations (kind, namespace, name, at);
        CREATE INDEX observations_type ON observations (type, at);
        "
    };
}

/// Format 2, and the way to it from format 1.
///
/// * `id`: the 12 bytes behind `obs:`; another form as text. Indexed by its first bytes alone, which is a third of the
///   index; whoever looks one up compares the whole.
/// * `lag`: `seen_at` − `at`. `source`, `type`, `encoding`: numbers of `row.rs`, the most frequent ones 0 and 1, which
///   SQLite keeps in no bytes at all.
/// * `base`: the row that a difference builds on, or the dictionary that a full version is compressed with.
/// * `observations_rare`: objects and Events, nearly all rows, are found by subject or by time.
macro_rules! tables_2 {
    () => {
        "
        ALTER TABLE observations RENAME TO observations_1;
        DROP INDEX observations_at;
        DROP INDEX observations_subject;
        DROP INDEX observations_type;

        CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE subjects (
            id INTEGER PRIMARY KEY,
            kind INTEGER NOT NULL,
            namespace INTEGER NOT NULL,
            name TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX subjects_name ON subjects (name, namespace, kind);
        CREATE TABLE dictionaries (id INTEGER PRIMARY KEY, subject_kind TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
        CREATE TABLE observations (
            seq INTEGER PRIMARY KEY,
            id ANY NOT NULL,
            at INTEGER NOT NULL,
            lag INTEGER NOT NULL,
            source INTEGER NOT NULL,
            type INTEGER NOT NULL,
            subject INTEGER,
            encoding INTEGER NOT NULL,
            base INTEGER,
            body BLOB NOT NULL
        ) STRICT;

        INSERT INTO words (word)
            SELECT kind FROM observations_1 WHERE kind IS NOT NULL
            UNION SELECT namespace FROM observations_1 WHERE namespace IS NOT NULL;
        INSERT INTO subjects (kind, namespace, name)
            SELECT DISTINCT k.id, n.id, o.name FROM observations_1 o
            JOIN words k ON k.word = o.kind JOIN words n ON n.word = o.namespace WHERE o.name IS NOT NULL;
        INSERT INTO observations (seq, id, at, lag, source, type, subject, encoding, base, body)
            SELECT o.seq,
                coalesce(CASE WHEN length(o.id) = 28 AND o.id GLOB 'obs:*' AND o.id = lower(o.id)
                    THEN unhex(substr(o.id, 5)) END, o.id),
                o.at, o.seen_at - o.at,
                CASE o.source WHEN 'watch' THEN 0 WHEN 'read' THEN 1 WHEN 'import' THEN 2 WHEN 'script' THEN 3
                    WHEN 'person' THEN 4 ELSE 99 END,
                CASE o.type WHEN 'object' THEN 0 WHEN 'event' THEN 1 WHEN 'log' THEN 2 WHEN 'metric' THEN 3
                    WHEN 'probe' THEN 4 WHEN 'node_agent' THEN 5 WHEN 'alert' THEN 6 WHEN 'shape' THEN 7
                    WHEN 'change' THEN 8 WHEN 'dependencies' THEN 9 WHEN 'tool_result' THEN 10 WHEN 'note' THEN 11
                    WHEN 'coverage' THEN 12 WHEN 'gap' THEN 13 ELSE 99 END,
                s.id, o.encoding, NULL, o.body
            FROM observations_1 o
            LEFT JOIN words k ON k.word = o.kind LEFT JOIN words n ON n.word = o.namespace
            LEFT JOIN subjects s ON s.name = o.name AND s.namespace = n.id AND s.kind = k.id
            ORDER BY o.seq;
        DROP TABLE observations_1;

        CREATE INDEX observations_id ON observations (substr(id, 1, 4));
        CREATE INDEX observations_at ON observations (at);
        CREATE INDEX observations_subject ON observations (subject, at);
        CREATE INDEX observations_rare ON observations (type, at) WHERE type > 1;
        "
    };
}

/// Format 3: what was told of a subject in Events is found without passing over its versions.
pub(crate) const INDEX_3: &str = "CREATE INDEX observations_events ON observations (subject, at) WHERE type = 1;";

pub(crate) use {tables_1, tables_2};
