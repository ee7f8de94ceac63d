"""The public schema of the SQLite store. Times are microseconds since 1970 in tables, ISO 8601 text in views."""

from __future__ import annotations

APPLICATION_ID = 0x41524753  # "ARGS", for file(1) and for refusing files of other programs
VERSION = 1

PAGE_SIZE = 8192

TABLES = """
CREATE TABLE counter (              -- one row
  last_seq     INTEGER NOT NULL,    -- highest place in the change feed ever given
  indexed_seq  INTEGER NOT NULL,    -- everything up to here is searchable
  purged_seq   INTEGER NOT NULL     -- highest tombstone that was forgotten
);
INSERT INTO counter VALUES (0, 0, 0);

CREATE TABLE epoch (                -- one row per writing program: its positions are known to be of this history
  token        TEXT PRIMARY KEY,
  first_seq    INTEGER NOT NULL
);

CREATE TABLE stream (
  key          INTEGER PRIMARY KEY,
  connector    TEXT NOT NULL,
  name         TEXT NOT NULL,
  title        TEXT NOT NULL,
  cursor       TEXT,                -- JSON; NULL: none
  generation   INTEGER NOT NULL,    -- newest begun
  fingerprint  TEXT,                -- options of the last finished pass
  reconciled_at INTEGER,            -- begin of the last finished pass
  due          TEXT,                -- pass asked for: full, reconcile
  pass_kind    TEXT,                -- the open pass; NULL: none
  pass_cursor  TEXT,
  pass_fingerprint TEXT,
  pass_began_at INTEGER,
  refused      INTEGER,             -- a sweep that was refused would have removed so many …
  refused_of   INTEGER,             -- … of so many
  lost         TEXT NOT NULL DEFAULT '',  -- why the source refuses access
  gone_at      INTEGER,             -- the source no longer names it
  UNIQUE (connector, name)
);

CREATE TABLE entry (                -- what every run touches: narrow
  stream       INTEGER NOT NULL,
  id           TEXT NOT NULL,
  kind         TEXT NOT NULL,
  parent       TEXT NOT NULL,
  version      TEXT NOT NULL,
  updated_at   INTEGER,
  hash         BLOB,                -- of content, then of all the rest; NULL without content
  generation   INTEGER NOT NULL,    -- last named in
  seq          INTEGER NOT NULL,    -- place in the change feed; 0: was never readable
  changed_at   INTEGER NOT NULL,
  deleted_at   INTEGER,             -- a tombstone since
  skipped      TEXT,                -- there, but nothing to read, because …
  body         INTEGER,             -- key of its text
  PRIMARY KEY (stream, id)
) WITHOUT ROWID;
CREATE INDEX entry_seq ON entry (seq);
CREATE INDEX entry_id ON entry (id);
CREATE INDEX entry_deleted ON entry (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX entry_parent ON entry (stream, parent) WHERE parent <> '';

CREATE TABLE body (                 -- what only changes touch
  key          INTEGER PRIMARY KEY,
  stream       INTEGER NOT NULL,
  id           TEXT NOT NULL,
  title        TEXT NOT NULL,
  content      TEXT NOT NULL,
  url          TEXT NOT NULL,
  author       TEXT NOT NULL,
  created_at   INTEGER,
  metadata     TEXT NOT NULL,       -- JSON object
  acl          TEXT                 -- JSON list; NULL: not captured
);

CREATE TABLE failure (              -- could not be read; asked for again
  stream       INTEGER NOT NULL,
  id           TEXT NOT NULL,
  ref          TEXT NOT NULL,
  error        TEXT NOT NULL,
  attempts     INTEGER NOT NULL,    -- runs in which it failed
  run          INTEGER NOT NULL,    -- the latest of them
  next_at      INTEGER NOT NULL,
  generation   INTEGER NOT NULL,
  PRIMARY KEY (stream, id)
) WITHOUT ROWID;

CREATE TABLE run (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  connector    TEXT NOT NULL,
  started_at   INTEGER NOT NULL,
  ended_at     INTEGER,
  status       TEXT NOT NULL,       -- running, watching, ok, partial, failed, needs login, refused, try later,
                                    -- interrupted; after 'part: ' that of a run which read only what it was told to
  created      INTEGER NOT NULL DEFAULT 0,
  updated      INTEGER NOT NULL DEFAULT 0,
  unchanged    INTEGER NOT NULL DEFAULT 0,
  skipped      INTEGER NOT NULL DEFAULT 0,
  deleted      INTEGER NOT NULL DEFAULT 0,
  failed       INTEGER NOT NULL DEFAULT 0,
  swept        INTEGER NOT NULL DEFAULT 0,
  errors       TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX run_connector ON run (connector, id);

CREATE VIRTUAL TABLE search_index USING fts5 (
  title, content, content='body', content_rowid='key', tokenize='unicode61 remove_diacritics 2'
);

CREATE VIEW readable AS             -- one row per connector and id: newest updated_at, then newest seq
SELECT s.connector, s.name AS stream, e.stream AS stream_key, e.id, e.kind, e.parent, e.version, e.updated_at, e.seq,
  e.changed_at, e.body
FROM entry e JOIN stream s ON s.key = e.stream
WHERE e.body IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM entry o JOIN stream t ON t.key = o.stream
  WHERE o.id = e.id AND o.stream <> e.stream AND t.connector = s.connector AND o.body IS NOT NULL
    AND (ifnull(o.updated_at, -9e18), o.seq) > (ifnull(e.updated_at, -9e18), e.seq)
);

CREATE VIEW unread AS               -- what is at the source and could not be read, and why
SELECT s.connector, s.name AS stream, e.id, 'skipped' AS state, e.skipped AS reason
FROM entry e JOIN stream s ON s.key = e.stream WHERE e.skipped IS NOT NULL
UNION ALL
SELECT s.connector, s.name, f.id, 'failed', f.error FROM failure f JOIN stream s ON s.key = f.stream;

CREATE VIEW items AS                -- for people and programs
SELECT r.connector, r.stream, r.id, r.kind, b.title, b.content, b.url, b.author, r.parent, r.version,
  strftime('%Y-%m-%dT%H:%M:%S', b.created_at / 1e6, 'unixepoch') || 'Z' AS created_at,
  strftime('%Y-%m-%dT%H:%M:%S', r.updated_at / 1e6, 'unixepoch') || 'Z' AS updated_at,
  b.metadata, b.acl, r.seq,
  strftime('%Y-%m-%dT%H:%M:%S', r.changed_at / 1e6, 'unixepoch') || 'Z' AS changed_at
FROM readable r JOIN body b ON b.key = r.body;
"""
