-- Mirrors that run only when somebody asks: nothing is ever due in them by itself. The configuration says which, when it is taken over.
ALTER TABLE mirrors ADD COLUMN by_hand BIGINT NOT NULL DEFAULT 0;
