-- Schedules, and up to when their times were taken care of. Whether the number of references in scope is known. When a copy was
-- put back, for processes that go on meanwhile.

ALTER TABLE mirrors ADD COLUMN schedule TEXT;
ALTER TABLE mirrors ADD COLUMN scheduled_at BIGINT;
CREATE INDEX mirrors_schedule ON mirrors (name)
    WHERE schedule IS NOT NULL AND parked = 0 AND paused_by IS NULL;

CREATE TABLE restores (
    at BIGINT NOT NULL PRIMARY KEY
) KEYED;

ALTER TABLE mirrors ADD COLUMN refs_known BIGINT NOT NULL DEFAULT 0;
UPDATE mirrors SET refs_known = 1 WHERE refs > 0;
