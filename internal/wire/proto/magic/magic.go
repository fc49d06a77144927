// Package magic names what a file is from its first bytes, whatever its name
// and declared media type say. It is no protocol: HTTP, FTP, TFTP and SMB use
// it for files in transit, and any other package may.
//
// It tells executables of the processors that embedded devices have apart,
// which file(1) does with far more bytes and code. It decodes nothing and
// never looks beyond the first kilobyte.
package magic

import "bytes"

// Window is how many bytes Classify looks at; more bring nothing.
const Window = 1024

// The names that Classify gives, besides those of ELF files, which begin with
// "elf-" and go on with the processor.
const (
	Unknown  = "unknown"
	PE       = "pe"
	MachO    = "macho"
	DEX      = "dex"
	Java     = "java"
	Script   = "script"
	Zip      = "zip"
	Gzip     = "gzip"
	Archive  = "archive"  // tar, 7z, rar, xz, bzip2, zstd, cab, cpio
	Firmware = "firmware" // boot images and flash file systems
	PDF      = "pdf"
	Office   = "office" // compound document
	HTML     = "html"
	XML      = "xml"
	JSON     = "json"
	Image    = "image"
	Audio    = "audio"
	Video    = "video"
	Font     = "font"
	Text     = "text"
)

// signature is a fixed byte string at a fixed place.
type signature struct {
	offset int
	bytes  string
	name   string
}

// signatures are in the order in which they are tried. Short ones that other
// data could begin with are checked further in plausible.
var signatures = []signature{
	{0, "PK\x03\x04", Zip},
	{0, "PK\x05\x06", Zip},
	{0, "\x1f\x8b\x08", Gzip},
	{0, "\x89PNG\r\n\x1a\n", Image},
	{0, "\xff\xd8\xff", Image},
	{0, "GIF87a", Image},
	{0, "GIF89a", Image},
	{0, "BM", Image},
	{0, "II*\x00", Image},
	{0, "MM\x00*", Image},
	{0, "\x00\x00\x01\x00", Image},
	{8, "WEBP", Image},
	{4, "ftypavif", Image},
	{4, "ftypheic", Image},
	{0, "%PDF-", PDF},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Office},
	{0, "7z\xbc\xaf\x27\x1c", Archive},
	{0, "Rar!\x1a\x07", Archive},
	{0, "\xfd7zXZ\x00", Archive},
	{0, "BZh", Archive},
	{0, "\x28\xb5\x2f\xfd", Archive},
	{0, "MSCF\x00\x00\x00\x00", Archive},
	{0, "070701", Archive},
	{257, "ustar", Archive},
	{0, "\x27\x05\x19\x56", Firmware},              // U-Boot legacy image
	{0, "hsqs", Firmware},                          // squashfs
	{0, "sqsh", Firmware},                          // squashfs, big-endian
	{0, "HDR0", Firmware},                          // Broadcom TRX
	{0, "UBI#", Firmware},                          // UBI erase block
	{0, "\x45\x3d\xcd\x28", Firmware},              // cramfs
	{0, "ANDROID!", Firmware},                      // Android boot image
	{0, "\xd0\x0d\xfe\xed", Firmware},              // flattened image tree
	{0, "dex\n03", DEX},                            // Dalvik
	{0, "\xca\xfe\xba\xbe\x00\x00\x00\x02", MachO}, // fat binary
	{0, "\xca\xfe\xba\xbe\x00\x00\x00", Java},      // class file
	{0, "\xcf\xfa\xed\xfe", MachO},                 // 64 bits
	{0, "\xce\xfa\xed\xfe", MachO},                 // 32 bits
	{0, "RIFF", Video},                             // or WAVE, see plausible
	{0, "\x1a\x45\xdf\xa3", Video},                 // Matroska, WebM
	{0, "FLV\x01", Video},                          // Flash video
	{4, "ftyp", Video},                             // ISO base media
	{4, "moov", Video},                             // QuickTime
	{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", Video}, // ASF
	{0, "\x00\x00\x01\xba", Video},                 // MPEG program stream
	{0, "OggS", Audio},
	{0, "ID3", Audio},
	{0, "fLaC", Audio},
	{0, "\xff\xfb", Audio}, // MPEG layer 3
	{0, "#EXTM3U", Text},   // playlist
	{0, "wOFF", Font},
	{0, "wOF2", Font},
	{0, "OTTO\x00", Font},
	{0, "\x00\x01\x00\x00\x00", Font}, // TrueType
	{0, "<?php", Script},
	{0, "#!", Script},
	{0, "\xef\xbb\xbf#!", Script}, // after a byte order mark
}

// Classify names what b is the beginning of; b needs at most Window bytes, and
// fewer give a worse answer. No bytes at all are Unknown.
func Classify(b []byte) string {
	b = b[:min(len(b), Window)]
	if len(b) == 0 {
		return Unknown
	}
	if bytes.HasPrefix(b, []byte("\x7fELF")) {
		return elf(b)
	}
	if isPE(b) {
		return PE
	}
	for i := range signatures {
		s := &signatures[i]
		if len(b) >= s.offset+len(s.bytes) && string(b[s.offset:s.offset+len(s.bytes)]) == s.bytes && plausible(s, b) {
			if s.name == Video && s.bytes == "RIFF" && len(b) >= 12 && string(b[8:12]) == "WAVE" {
				return Audio
			}
			return s.name
		}
	}
	return text(b)
}

// plausible looks twice at signatures that are short enough to be chance.
func plausible(s *signature, b []byte) bool {
	switch s.bytes {
	case "BM": // BITMAPFILEHEADER: the two reserved words are zero
		return len(b) >= 14 && b[6]|b[7]|b[8]|b[9] == 0
	case "BZh":
		return len(b) >= 4 && b[3] >= '1' && b[3] <= '9'
	case "\x00\x00\x01\x00": // an icon has between 1 and 255 pictures
		return len(b) >= 6 && b[5] == 0 && b[4] != 0
	case "WEBP", "RIFF":
		return len(b) >= 12 && string(b[:4]) == "RIFF"
	case "\xff\xfb":
		return len(b) >= 3 && b[2]&0xf0 != 0xf0 && b[2]&0x0c != 0x0c
	case "#!":
		return bytes.IndexByte(b[:min(len(b), 4)], '/') > 0
	}
	return true
}

// isPE recognises DOS and Windows executables: "MZ" and, where the pointed-to
// header is within b, "PE" or "NE" there.
func isPE(b []byte) bool {
	if len(b) < 64 || b[0] != 'M' || b[1] != 'Z' {
		return false
	}
	off := int(b[60]) | int(b[61])<<8 | int(b[62])<<16 | int(b[63])<<24
	if off < 0 || off > 1<<20 {
		return false
	}
	if off+2 <= len(b) {
		h := string(b[off : off+2])
		return h == "PE" || h == "NE" || h == "LE"
	}
	return true
}

// Executable reports whether name, as given by Classify, is code that a
// machine would run when told to: programs and scripts.
func Executable(name string) bool {
	switch name {
	case PE, MachO, DEX, Java, Script:
		return true
	}
	return len(name) > 4 && name[:4] == "elf-"
}

// Software reports whether name is something that could be installed: what
// Executable says, archives and firmware images.
func Software(name string) bool {
	switch name {
	case Zip, Gzip, Archive, Firmware:
		return true
	}
	return Executable(name)
}
