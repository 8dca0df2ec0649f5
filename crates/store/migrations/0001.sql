-- BLOB, TEXT, KEYED and SERIAL_KEY are spelled for each dialect by `migrate`.
-- Times are milliseconds since 1970. Names of references are bytes. Object ids are hexadecimal text.

CREATE TABLE mirrors (
    name TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    labels TEXT NOT NULL,
    source_url TEXT NOT NULL,
    target_url TEXT NOT NULL,
    sought TEXT NOT NULL,
    sweep_ms BIGINT,
    two_way BIGINT NOT NULL,
    parked BIGINT NOT NULL DEFAULT 0,
    paused_by TEXT,
    paused_at BIGINT,
    epoch BIGINT NOT NULL DEFAULT 0,
    distrusted BIGINT NOT NULL DEFAULT 0,
    next_sweep BIGINT,
    due_at BIGINT,
    sequence BIGINT NOT NULL DEFAULT 0,
    claim_by TEXT,
    claim_until BIGINT,
    claim_run TEXT,
    claim_epoch BIGINT,
    fence BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    health TEXT NOT NULL DEFAULT 'new',
    behind_since BIGINT,
    in_sync_at BIGINT,
    changed_at BIGINT,
    last_run TEXT,
    conflicts BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    waiting BIGINT NOT NULL DEFAULT 0,
    refs BIGINT NOT NULL DEFAULT 0
) KEYED;
CREATE INDEX mirrors_ready ON mirrors (due_at, name)
    WHERE due_at IS NOT NULL AND claim_by IS NULL AND parked = 0 AND paused_by IS NULL;
CREATE INDEX mirrors_claimed ON mirrors (claim_until) WHERE claim_by IS NOT NULL;
CREATE INDEX mirrors_sweep ON mirrors (next_sweep)
    WHERE next_sweep IS NOT NULL AND parked = 0 AND paused_by IS NULL;
CREATE INDEX mirrors_health ON mirrors (health, name);

CREATE TABLE mirror_labels (
    mirror TEXT NOT NULL,
    label TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (mirror, label)
) KEYED;
CREATE INDEX mirror_labels_value ON mirror_labels (label, value, mirror);

CREATE TABLE made_mirrors (
    name TEXT NOT NULL PRIMARY KEY,
    spec TEXT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL
) KEYED;

-- An empty name is the whole scope. `told` is who told what, as JSON, oldest first.
CREATE TABLE due (
    mirror TEXT NOT NULL,
    name BLOB NOT NULL,
    number BIGINT NOT NULL,
    since BIGINT NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (mirror, name)
) KEYED;
CREATE INDEX due_since ON due (since);

CREATE TABLE bases (
    mirror TEXT NOT NULL,
    name BLOB NOT NULL,
    kind TEXT NOT NULL,
    value TEXT,
    since BIGINT NOT NULL,
    PRIMARY KEY (mirror, name)
) KEYED;

CREATE TABLE intents (
    mirror TEXT NOT NULL,
    name BLOB NOT NULL,
    side TEXT NOT NULL,
    old TEXT,
    new TEXT,
    since BIGINT NOT NULL,
    PRIMARY KEY (mirror, name)
) KEYED;

CREATE TABLE standing (
    mirror TEXT NOT NULL,
    name BLOB NOT NULL,
    why TEXT NOT NULL,
    source TEXT,
    target TEXT,
    base_kind TEXT NOT NULL,
    base_value TEXT,
    words TEXT NOT NULL,
    run TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (mirror, name)
) KEYED;
CREATE INDEX standing_why ON standing (why, since, mirror, name);
CREATE INDEX standing_run ON standing (run);

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    mirror TEXT,
    cause TEXT NOT NULL,
    actor TEXT,
    inputs TEXT NOT NULL,
    state TEXT NOT NULL,
    asked BIGINT NOT NULL,
    created BIGINT NOT NULL,
    started BIGINT,
    ended BIGINT,
    worker TEXT,
    stages TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    written BIGINT NOT NULL,
    in_sync BIGINT NOT NULL,
    exit_code BIGINT,
    fault TEXT,
    of_run TEXT,
    attempt BIGINT NOT NULL,
    cancel_by TEXT,
    claim_by TEXT,
    claim_until BIGINT,
    fence BIGINT NOT NULL DEFAULT 0
) KEYED;
CREATE INDEX runs_mirror ON runs (mirror, id);
CREATE INDEX runs_state ON runs (state, id);
CREATE INDEX runs_created ON runs (created);
CREATE INDEX runs_queued ON runs (created, id) WHERE state = 'queued';
CREATE INDEX runs_claimed ON runs (claim_until) WHERE claim_by IS NOT NULL;

CREATE TABLE run_refs (
    run TEXT NOT NULL,
    name BLOB NOT NULL,
    side TEXT NOT NULL,
    old TEXT,
    new TEXT,
    outcome TEXT NOT NULL,
    words TEXT NOT NULL,
    remote TEXT,
    replaced BIGINT NOT NULL,
    PRIMARY KEY (run, name, side)
) KEYED;

CREATE TABLE run_log (
    run TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    level TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (run, number)
) KEYED;

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    endpoint TEXT NOT NULL,
    mirror TEXT,
    side TEXT,
    credential TEXT,
    provider TEXT NOT NULL,
    host_id TEXT,
    event TEXT,
    at BIGINT NOT NULL,
    sender TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    status BIGINT NOT NULL,
    disposition TEXT NOT NULL,
    repeats TEXT
);
CREATE INDEX deliveries_host_id ON deliveries (endpoint, host_id, id) WHERE host_id IS NOT NULL;
CREATE INDEX deliveries_credential ON deliveries (credential, id) WHERE credential IS NOT NULL;
CREATE INDEX deliveries_at ON deliveries (at);

CREATE TABLE delivery_mirrors (
    mirror TEXT NOT NULL,
    delivery TEXT NOT NULL,
    PRIMARY KEY (mirror, delivery)
) KEYED;
CREATE INDEX delivery_mirrors_delivery ON delivery_mirrors (delivery);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    label TEXT,
    label_value TEXT,
    created BIGINT NOT NULL,
    expires BIGINT,
    used BIGINT,
    revoked BIGINT,
    hash TEXT NOT NULL UNIQUE
) KEYED;

CREATE TABLE audit (
    number SERIAL_KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    sender TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX audit_subject ON audit (subject, number);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE notices (
    cause TEXT NOT NULL PRIMARY KEY,
    event TEXT NOT NULL,
    words TEXT NOT NULL,
    since BIGINT NOT NULL,
    told BIGINT,
    over BIGINT,
    over_told BIGINT,
    teller_until BIGINT NOT NULL DEFAULT 0
) KEYED;
CREATE INDEX notices_untold ON notices (since) WHERE told IS NULL OR over_told IS NULL;

CREATE TABLE notice_mirrors (
    cause TEXT NOT NULL,
    mirror TEXT NOT NULL,
    over BIGINT,
    PRIMARY KEY (cause, mirror)
) KEYED;

CREATE TABLE hosts (
    host TEXT NOT NULL PRIMARY KEY,
    hushed_until BIGINT NOT NULL
) KEYED;

CREATE TABLE host_slots (
    host TEXT NOT NULL,
    slot BIGINT NOT NULL,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (host, slot)
) KEYED;

CREATE TABLE refused_secrets (
    credential TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    since BIGINT NOT NULL,
    probed BIGINT NOT NULL
) KEYED;

CREATE TABLE sweep_finds (
    credential TEXT NOT NULL,
    hour BIGINT NOT NULL,
    found BIGINT NOT NULL,
    PRIMARY KEY (credential, hour)
) KEYED;

CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    since BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    version TEXT NOT NULL
) KEYED;
