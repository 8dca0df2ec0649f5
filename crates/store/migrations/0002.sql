-- Sessions of the dashboard.

CREATE TABLE sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
) KEYED;
