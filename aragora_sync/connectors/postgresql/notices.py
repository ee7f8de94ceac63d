"""What triggers announce on a channel, and the triggers that do: `{"table", "operation", "id"}`, as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CHANNEL = "aragora_sync"  # where the configuration names none
KEY = """(
      SELECT ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = k.number
        WHERE k.place <= i.indnkeyatts ORDER BY k.place)
      FROM pg_index i WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indexprs IS NULL AND NOT EXISTS (SELECT 1 FROM pg_attribute a
          WHERE a.attrelid = relation AND a.attnum = ANY (i.indkey::int2[]) AND NOT a.attnotnull)
      ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1)"""
SILENT_SHARE = 0.5  # of the queue of notifications: where more is full, nothing is announced
MOST_TOLD = 10_000  # rows of one transaction that are announced one by one; the others all together
TRIGGERS = """\
-- Announces every change of these tables on the channel {named}. Run it as their owner; again after a change of a key.
-- The connector listens there with the option `notify_channel: {named}`.
-- Nothing that goes wrong in a trigger makes a writer's transaction fail: where a key cannot be told, as after a column
-- was renamed, it announces that the table is to be looked through; of one transaction the first {most} rows are named.
-- While the queue of notifications is more than half full, as another program listens and leaves a transaction open, it
-- announces nothing: a commit would fail at a full queue. New and edited rows are then found within a minute.
-- PostgreSQL refuses PREPARE TRANSACTION where something was announced: roles that commit in two phases are to be
-- silent: ALTER ROLE name SET aragora_sync.silent = on;
DO $aragora_sync$
DECLARE
  target text; relation regclass; columns text[]; dated boolean; old_key text; new_key text; name text; body text;
BEGIN
  IF octet_length({channel}) NOT BETWEEN 1 AND 63 THEN
    RAISE EXCEPTION 'the name of a channel has 1 to 63 bytes';
  END IF;
  FOREACH target IN ARRAY ARRAY[{tables}]::text[] LOOP
    relation := format('%I.%I', {schema}, target)::regclass;
    columns := {key};
    SELECT CASE WHEN count(*) = cardinality(columns)
        THEN coalesce(bool_or(t.typcategory IN ('D', 'T', 'R', 'A', 'C')), false) END
      INTO dated FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = relation AND a.attname = ANY (columns) AND a.attnum > 0 AND NOT a.attisdropped;
    IF dated IS NULL THEN
      RAISE EXCEPTION 'the table % has no key, or not these columns: %', relation, columns;
    END IF;
    SELECT 'ARRAY[' || string_agg(format('OLD.%I::text', c), ', ' ORDER BY n) || ']',
        'ARRAY[' || string_agg(format('NEW.%I::text', c), ', ' ORDER BY n) || ']'
      INTO old_key, new_key FROM unnest(columns) WITH ORDINALITY u (c, n);
    name := 'aragora_sync_' || md5(target);
    body := format($body$
      DECLARE
        told int; old_key text[]; new_key text[]; payload text;
      BEGIN
        IF current_setting('aragora_sync.silent', true) IN ('on', 'true', 'yes', '1') THEN RETURN NULL; END IF;
        told := coalesce(nullif(current_setting('aragora_sync.told', true), ''), '0')::int;  -- by this transaction
        IF told %% 1000 = 0 AND told < {most} AND pg_notification_queue_usage() > {share} THEN RETURN NULL; END IF;
        IF TG_OP = 'TRUNCATE' OR told >= {most} THEN
          PERFORM pg_notify(%5$L, %6$L || TG_OP || '"}');
          RETURN NULL;
        END IF;
        PERFORM set_config('aragora_sync.told', (told + 1)::text, true);
        IF TG_OP <> 'INSERT' THEN old_key := %1$s; END IF;
        IF TG_OP <> 'DELETE' THEN new_key := %2$s; END IF;
        IF TG_OP = 'DELETE' OR old_key <> new_key THEN  -- the row under its old key is gone
          payload := json_build_object('schema', %3$L, 'table', %4$L, 'operation', 'DELETE', 'id', old_key);
          IF octet_length(payload) >= 8000 THEN  -- longer ones are refused
            payload := %6$L || 'DELETE' || '"}';
          END IF;
          PERFORM pg_notify(%5$L, payload);
        END IF;
        IF TG_OP <> 'DELETE' THEN
          payload := json_build_object('schema', %3$L, 'table', %4$L, 'operation', TG_OP, 'id', new_key);
          IF octet_length(payload) >= 8000 THEN
            payload := %6$L || TG_OP || '"}';
          END IF;
          PERFORM pg_notify(%5$L, payload);
        END IF;
        RETURN NULL;
      EXCEPTION WHEN OTHERS THEN  -- whatever it is, the writer is not to suffer from it
        BEGIN
          PERFORM pg_notify(%5$L, %6$L || TG_OP || '", "refused": "' || SQLSTATE || '"}');
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
        RETURN NULL;
      END
    $body$, old_key, new_key, {schema}, target, {channel},
      rtrim(json_build_object('schema', {schema}, 'table', target, 'operation', '')::text, '"}') || '"');
    EXECUTE format('CREATE OR REPLACE FUNCTION %I.%I() RETURNS trigger LANGUAGE plpgsql%s AS %L', {schema}, name,
      CASE WHEN dated THEN ' SET TimeZone = ''UTC'' SET DateStyle = ''ISO, YMD'' SET IntervalStyle = ''iso_8601''' END,
      body);
    EXECUTE format('DROP TRIGGER IF EXISTS aragora_sync ON %s', relation);
    EXECUTE format('DROP TRIGGER IF EXISTS aragora_sync_truncate ON %s', relation);
    EXECUTE format('CREATE TRIGGER aragora_sync AFTER INSERT OR UPDATE OR DELETE ON %s '
      'FOR EACH ROW EXECUTE FUNCTION %I.%I()', relation, {schema}, name);
    EXECUTE format('CREATE TRIGGER aragora_sync_truncate AFTER TRUNCATE ON %s '
      'FOR EACH STATEMENT EXECUTE FUNCTION %I.%I()', relation, {schema}, name);
  END LOOP;
END
$aragora_sync$;
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something was done to a row of a table: which, where its key is told."""

    table: str
    operation: str  # INSERT, UPDATE, DELETE, TRUNCATE; empty where it was not told
    key: tuple[str, ...] | None
    refused: str = ""  # why the trigger could not tell the key

    @property
    def gone(self) -> bool:
        return self.operation == "DELETE"

    @property
    def may_be_of_many(self) -> bool:
        """Whether rows may be gone that it does not name."""
        return self.operation == "TRUNCATE" or (self.key is None and self.operation != "INSERT")


def read_notice(payload: str, schema: str) -> Notice | None:
    """What a payload tells; None where it is of another schema, or nothing that a trigger of ours or yours sends."""
    try:
        told: Any = json.loads(payload, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("table"), str):
        return None
    if told.get("schema", schema) != schema:
        return None
    operation, refused = told.get("operation"), told.get("refused")
    return Notice(
        told["table"],
        operation.upper() if isinstance(operation, str) else "",
        _key(told.get("id")),
        refused if isinstance(refused, str) else "",
    )


def _key(value: Any) -> tuple[str, ...] | None:
    parts = value if isinstance(value, list) else [value]
    if not parts or not all(isinstance(part, str | bool) for part in parts):
        return None
    return tuple(part if isinstance(part, str) else str(part).lower() for part in parts)


def triggers(tables: Sequence[str], schema: str = "public", channel: str = CHANNEL, key: Sequence[str] = ()) -> str:
    """SQL that makes triggers on these tables; the server looks up their primary keys, unless `key` names columns."""
    columns = f"ARRAY[{', '.join(map(_literal, key))}]::text[]"
    written = {
        "named": json.dumps(channel, ensure_ascii=False),
        "tables": ", ".join(map(_literal, tables)),
        "schema": _literal(schema),
        "channel": _literal(channel),
        "key": columns if key else KEY,
        "most": str(MOST_TOLD),
        "share": str(SILENT_SHARE),
    }
    return re.sub(r"\{(\w+)\}", lambda found: written[found[1]], TRIGGERS)


def _literal(text: str) -> str:
    """The text as SQL, also where it stands between dollars."""
    quoted = text.replace("'", "''")
    if not {"\\", "$"} & set(quoted):
        return f"'{quoted}'"
    return "E'" + quoted.replace("\\", "\\\\").replace("$", "\\044") + "'"
