CREATE VIRTUAL TABLE findings_words USING fts5(words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0');
