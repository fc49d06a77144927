-- What a device is called as it is written, while label is for sorting. It is
-- empty until the device is stored again.
ALTER TABLE devices ADD COLUMN display TEXT NOT NULL DEFAULT '';
