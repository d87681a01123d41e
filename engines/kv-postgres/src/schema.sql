-- Everything lives in a schema of its own. Run at every start, under a lock; nothing here may lose data.
CREATE SCHEMA IF NOT EXISTS clearsky;

CREATE TABLE IF NOT EXISTS clearsky.format (version int NOT NULL);

-- An index entry has at most 2704 bytes, a key up to 16 KiB: it is cut into a head that is indexed as it is and a tail
-- (of few keys) that is indexed by its digest. Ordered by (head, tail), rows lie in the order of their keys.
CREATE OR REPLACE FUNCTION clearsky.mark(tail bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN tail = ''::bytea THEN ''::bytea ELSE sha256(tail) END $$;

-- A deleted row stays for a while without a value, so that those who read it before find out.
CREATE TABLE IF NOT EXISTS clearsky.rows (
    head bytea NOT NULL,
    tail bytea NOT NULL,
    mark bytea NOT NULL GENERATED ALWAYS AS (clearsky.mark(tail)) STORED,
    value bytea,
    xid xid8 NOT NULL,
    dead_at timestamptz,
    PRIMARY KEY (head, mark)
);
CREATE INDEX IF NOT EXISTS rows_dead ON clearsky.rows (dead_at) WHERE dead_at IS NOT NULL;

-- Logs and lists go by the digests of their names.
CREATE TABLE IF NOT EXISTS clearsky.heads (log bytea PRIMARY KEY, last int8 NOT NULL);
CREATE TABLE IF NOT EXISTS clearsky.records (
    log bytea NOT NULL,
    position int8 NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (log, position)
);
CREATE TABLE IF NOT EXISTS clearsky.timers (
    list bytea NOT NULL,
    due int8 NOT NULL,
    name bytea NOT NULL,
    mark bytea NOT NULL GENERATED ALWAYS AS (sha256(name)) STORED,
    body bytea,
    xid xid8 NOT NULL,
    dead_at timestamptz,
    PRIMARY KEY (list, due, mark)
);
CREATE INDEX IF NOT EXISTS timers_dead ON clearsky.timers (dead_at) WHERE dead_at IS NOT NULL;

-- One transaction: locks in order, then validation, then writes. Runs under READ COMMITTED, where each statement of a
-- volatile function sees what was committed before it began: what stands behind the locks is the truth.
CREATE OR REPLACE FUNCTION clearsky.commit(
    p_locks int8[], p_shared bool[], p_snapshot text,
    p_read_heads bytea[], p_read_tails bytea[],
    p_lo_heads bytea[], p_lo_tails bytea[], p_hi_heads bytea[], p_hi_tails bytea[],
    p_read_lists bytea[], p_read_dues int8[], p_read_names bytea[],
    p_heads bytea[], p_tails bytea[], p_values bytea[],
    p_lists bytea[], p_dues int8[], p_names bytea[], p_bodies bytea[],
    p_trim_logs bytea[], p_trim_to int8[],
    p_logs bytea[], p_records bytea[],
    p_news text[],
    OUT conflict bytea, OUT positions int8[], OUT version int8
) LANGUAGE plpgsql VOLATILE AS
$$
#variable_conflict use_column
DECLARE
    v_snapshot pg_snapshot := p_snapshot::pg_snapshot;
    v_me xid8;
    n int;
BEGIN
    FOR n IN 1 .. cardinality(p_locks) LOOP
        IF p_shared[n] THEN
            PERFORM pg_advisory_xact_lock_shared(p_locks[n]);
        ELSE
            PERFORM pg_advisory_xact_lock(p_locks[n]);
        END IF;
    END LOOP;

    SELECT r.head || r.tail INTO conflict
        FROM unnest(p_read_heads, p_read_tails) AS k (head, tail)
        JOIN clearsky.rows r ON r.head = k.head AND r.mark = clearsky.mark(k.tail)
        WHERE NOT pg_visible_in_snapshot(r.xid, v_snapshot) LIMIT 1;
    IF FOUND THEN RETURN; END IF;
    FOR n IN 1 .. cardinality(p_lo_heads) LOOP
        IF p_hi_heads[n] IS NULL THEN
            SELECT r.head || r.tail INTO conflict FROM clearsky.rows r
                WHERE (r.head, r.tail) >= (p_lo_heads[n], p_lo_tails[n])
                AND NOT pg_visible_in_snapshot(r.xid, v_snapshot) ORDER BY r.head, r.tail LIMIT 1;
        ELSE
            SELECT r.head || r.tail INTO conflict FROM clearsky.rows r
                WHERE (r.head, r.tail) >= (p_lo_heads[n], p_lo_tails[n])
                AND (r.head, r.tail) < (p_hi_heads[n], p_hi_tails[n])
                AND NOT pg_visible_in_snapshot(r.xid, v_snapshot) ORDER BY r.head, r.tail LIMIT 1;
        END IF;
        IF FOUND THEN RETURN; END IF;
    END LOOP;
    SELECT t.name INTO conflict
        FROM unnest(p_read_lists, p_read_dues, p_read_names) AS k (list, due, name)
        JOIN clearsky.timers t ON t.list = k.list AND t.due = k.due AND t.mark = sha256(k.name)
        WHERE NOT pg_visible_in_snapshot(t.xid, v_snapshot) LIMIT 1;
    IF FOUND THEN RETURN; END IF;

    v_me := pg_current_xact_id();
    version := v_me::text::int8;
    INSERT INTO clearsky.rows AS r (head, tail, value, xid, dead_at)
        SELECT w.head, w.tail, w.value, v_me, CASE WHEN w.value IS NULL THEN now() END
        FROM unnest(p_heads, p_tails, p_values) AS w (head, tail, value)
        ON CONFLICT (head, mark) DO UPDATE
        SET value = excluded.value, xid = excluded.xid, dead_at = excluded.dead_at;
    INSERT INTO clearsky.timers AS t (list, due, name, body, xid, dead_at)
        SELECT w.list, w.due, w.name, w.body, v_me, CASE WHEN w.body IS NULL THEN now() END
        FROM unnest(p_lists, p_dues, p_names, p_bodies) AS w (list, due, name, body)
        ON CONFLICT (list, due, mark) DO UPDATE
        SET body = excluded.body, xid = excluded.xid, dead_at = excluded.dead_at;
    DELETE FROM clearsky.records r USING unnest(p_trim_logs, p_trim_to) AS t (log, up_to)
        WHERE r.log = t.log AND r.position <= t.up_to;
    IF 0 < cardinality(p_logs) THEN
        WITH given AS (
            SELECT a.log, a.body, a.place, row_number() OVER (PARTITION BY a.log ORDER BY a.place) AS nth
            FROM unnest(p_logs, p_records) WITH ORDINALITY AS a (log, body, place)
        ), counted AS (
            SELECT g.log, count(*) AS n FROM given g GROUP BY g.log
        ), moved AS (
            INSERT INTO clearsky.heads AS h (log, last) SELECT c.log, c.n FROM counted c
            ON CONFLICT (log) DO UPDATE SET last = h.last + excluded.last RETURNING h.log, h.last
        ), placed AS (
            SELECT g.log, m.last - c.n + g.nth AS position, g.body, g.place
            FROM given g JOIN counted c ON c.log = g.log JOIN moved m ON m.log = g.log
        ), written AS (
            INSERT INTO clearsky.records (log, position, body) SELECT p.log, p.position, p.body FROM placed p
        )
        SELECT array_agg(p.position ORDER BY p.place) INTO positions FROM placed p;
    END IF;
    PERFORM pg_notify('clearsky', news) FROM unnest(p_news) AS news;

    -- Now and then, what nobody can have missed any more goes for good.
    IF random() < 0.01 THEN
        DELETE FROM clearsky.rows WHERE ctid IN (SELECT ctid FROM clearsky.rows
            WHERE dead_at < now() - interval '60 seconds' LIMIT 1000 FOR UPDATE SKIP LOCKED);
        DELETE FROM clearsky.timers WHERE ctid IN (SELECT ctid FROM clearsky.timers
            WHERE dead_at < now() - interval '60 seconds' LIMIT 1000 FOR UPDATE SKIP LOCKED);
    END IF;
END
$$;
