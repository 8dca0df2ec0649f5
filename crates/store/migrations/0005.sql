-- A restore makes bases void, one by one, instead of distrusting a mirror as a whole.
UPDATE bases SET kind = 'void', value = NULL
  WHERE EXISTS (SELECT 1 FROM mirrors m WHERE m.name = bases.mirror AND m.distrusted = 1);
ALTER TABLE mirrors DROP COLUMN distrusted;
