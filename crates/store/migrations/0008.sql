-- Recipients by what the configuration says of them, and not by their number, which changes when another is put before them. Nobody
-- knows who the numbers were: of a cause that is open while this step runs nobody hears the end.
DROP TABLE notice_sent;
CREATE TABLE notice_sent (
    cause TEXT NOT NULL,
    ending BIGINT NOT NULL,
    recipient TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (cause, ending, recipient)
) KEYED;
