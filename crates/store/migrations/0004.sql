-- Configurations that were in force. The one with the highest number is the newest, the one that was taken last is in force.

CREATE TABLE configurations (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    taken BIGINT NOT NULL
) KEYED;
