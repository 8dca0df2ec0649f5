-- Each good run asks for the failures of its mirror.
CREATE INDEX notice_mirrors_open ON notice_mirrors (mirror) WHERE over IS NULL;
