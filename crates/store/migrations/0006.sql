-- Who was told of a cause's beginning (ending = 0) and of its end (1): the recipients of the configuration, by their number.
CREATE TABLE notice_sent (
    cause TEXT NOT NULL,
    ending BIGINT NOT NULL,
    recipient BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (cause, ending, recipient)
);
