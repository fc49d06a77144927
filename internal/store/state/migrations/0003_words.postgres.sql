CREATE TABLE findings_words (n BIGINT PRIMARY KEY REFERENCES findings (n) ON DELETE CASCADE, words tsvector NOT NULL);
CREATE INDEX findings_words_gin ON findings_words USING gin (words);
